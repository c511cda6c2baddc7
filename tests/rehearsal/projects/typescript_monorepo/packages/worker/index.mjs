import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocument } from '@aws-sdk/lib-dynamodb';

const table = DynamoDBDocument.from(new DynamoDBClient());

export async function handler({ Records }) {
  for (const { body } of Records) {
    await table.put({ TableName: process.env.TABLE, Item: { ...JSON.parse(body), state: 'accepted' } });
  }
}
