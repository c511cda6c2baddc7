import * as cdk from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as pipelines from 'aws-cdk-lib/pipelines';
import type { Construct } from 'constructs';
import { Orders } from './orders.ts';

const connectionArn = 'arn:aws:codestar-connections:eu-west-1:111111111111:connection/1';

export class Delivery extends cdk.Stack {
  constructor(scope: Construct, id: string, props: cdk.StackProps) {
    super(scope, id, props);
    const synth = new pipelines.CodeBuildStep('Synth', {
      input: pipelines.CodePipelineSource.connection('example/orders', 'main', { connectionArn }),
      commands: ['cd packages/infra', 'npm ci', 'export RELEASE="orders-$(date +%Y)"', 'npx cdk synth --quiet'],
      primaryOutputDirectory: 'packages/infra/cdk.out',
    });
    const pipeline = new pipelines.CodePipeline(this, 'Pipeline', { synth, publishAssetsInParallel: false });
    const prod = new Orders(this, 'Prod', { env: props.env });
    const read = `aws dynamodb get-item --table-name "$TABLE" --key '{"id": {"S": "7"}}'`;
    const test = new pipelines.CodeBuildStep('Test', {
      env: { RELEASE: synth.exportedVariable('RELEASE') },
      envFromCfnOutputs: { QUEUE: prod.queueUrl, TABLE: prod.tableName },
      commands: [
        'echo "$RELEASE" | grep "^orders-20"',
        `aws sqs send-message --queue-url "$QUEUE" --message-body '{"id": "7"}'`,
        `for n in $(seq 30); do ${read} > order.json; grep state order.json && break; sleep 1; done`,
        'grep accepted order.json',
      ],
      rolePolicyStatements: [
        new iam.PolicyStatement({ actions: ['sqs:SendMessage', 'dynamodb:GetItem'], resources: ['*'] }),
      ],
    });
    pipeline.addStage(prod, {
      pre: [new pipelines.ConfirmPermissionsBroadening('Check', { stage: prod })],
      post: [test],
    });
  }
}
