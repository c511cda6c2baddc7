import * as cdk from 'aws-cdk-lib';
import * as codepipeline from 'aws-cdk-lib/aws-codepipeline';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as pipelines from 'aws-cdk-lib/pipelines';
import { Construct } from 'constructs';

const env = { account: '111111111111', region: 'eu-west-1' };

class Service extends cdk.Stage {
  readonly queueName: cdk.CfnOutput;

  constructor(scope: Construct, id: string) {
    super(scope, id, { env });
    const stack = new cdk.Stack(this, 'Queues');
    const queue = new sqs.Queue(stack, 'Queue', { queueName: `orders-${id.toLowerCase()}` });
    this.queueName = new cdk.CfnOutput(stack, 'QueueName', { value: queue.queueName });
  }
}

class Delivery extends cdk.Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id, { env });
    const pipeline = new pipelines.CodePipeline(this, 'Pipeline', {
      pipelineType: codepipeline.PipelineType.V1,
      selfMutation: false,
      useChangeSets: false,
      synth: new pipelines.ShellStep('Synth', {
        input: pipelines.CodePipelineSource.connection('example/project', 'main', {
          connectionArn: 'arn:aws:codestar-connections:eu-west-1:111111111111:connection/1',
        }),
        installCommands: [
          'npm install --global --silent aws-cdk@2.1148.1',
          'npm install --silent',
        ],
        commands: ['cdk synth --quiet'],
      }),
    });
    const prod = new Service(this, 'Prod');
    pipeline.addStage(prod, {
      post: [
        new pipelines.ShellStep('Test', {
          envFromCfnOutputs: { QUEUE: prod.queueName },
          commands: ['test "$QUEUE" = orders-prod'],
        }),
      ],
    });
  }
}

new Delivery(new cdk.App(), 'Delivery');
