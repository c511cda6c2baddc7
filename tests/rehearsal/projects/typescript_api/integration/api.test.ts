import assert from 'node:assert/strict';
import { test } from 'node:test';

test('a note is stored and can be read through the distribution', async () => {
  const put = await fetch(`${process.env.URL}/notes/1`, { method: 'PUT', body: JSON.stringify({ title: ' Milk ' }) });
  assert.equal(put.status, 201);
  assert.deepEqual(await (await fetch(`https://${process.env.SITE}/notes/1`)).json(), { id: '1', title: 'Milk' });
});

test('an unknown note is not found', async () => {
  assert.equal((await fetch(`https://${process.env.SITE}/notes/2`)).status, 404);
});
