import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readNote } from './note.ts';

test('a title is trimmed', () => assert.equal(readNote('1', '{"title": " Milk "}').title, 'Milk'));
test('a note needs a title', () => assert.throws(() => readNote('1', '{}'), RangeError));
