import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { type Note, readNote } from './note.ts';

const TableName = process.env.TABLE as string;
const client = DynamoDBDocumentClient.from(new DynamoDBClient({}));

interface Event {
  body?: string;
  pathParameters: { id: string };
  requestContext: { http: { method: string } };
}

export async function handler(event: Event): Promise<{ statusCode: number; body: string }> {
  const { id } = event.pathParameters;
  if (event.requestContext.http.method === 'PUT') {
    const Item: Note = readNote(id, event.body);
    await client.send(new PutCommand({ TableName, Item }));
    return { statusCode: 201, body: JSON.stringify(Item) };
  }
  const { Item } = await client.send(new GetCommand({ TableName, Key: { id } }));
  return Item ? { statusCode: 200, body: JSON.stringify(Item) } : { statusCode: 404, body: '{}' };
}
