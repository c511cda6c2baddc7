import * as cdk from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

export class Orders extends cdk.Stage {
  readonly queueUrl: cdk.CfnOutput;
  readonly tableName: cdk.CfnOutput;

  constructor(scope: Construct, id: string, props: cdk.StageProps) {
    super(scope, id, props);
    const data = new cdk.Stack(this, 'Data', { tags: { team: 'orders' } });
    const table = new dynamodb.Table(data, 'Table', {
      partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING },
      billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
    });
    const stack = new cdk.Stack(this, 'Worker');
    const queue = new sqs.Queue(stack, 'Queue', { deadLetterQueue: { queue: new sqs.Queue(stack, 'Dead'), maxReceiveCount: 3 } });
    const worker = new lambda.Function(stack, 'Function', {
      code: lambda.Code.fromAsset('../worker'),
      handler: 'index.handler',
      runtime: lambda.Runtime.NODEJS_22_X,
      environment: { TABLE: table.tableName },
    });
    worker.addEventSource(new SqsEventSource(queue, { batchSize: 1 }));
    table.grantWriteData(worker);
    this.queueUrl = new cdk.CfnOutput(stack, 'QueueUrl', { value: queue.queueUrl });
    this.tableName = new cdk.CfnOutput(data, 'TableName', { value: table.tableName });
  }
}
