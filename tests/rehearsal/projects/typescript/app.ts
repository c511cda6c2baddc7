import * as cdk from 'aws-cdk-lib';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as pipelines from 'aws-cdk-lib/pipelines';
import type { Construct } from 'constructs';

const env: cdk.Environment = { account: '111111111111', region: 'eu-west-1' };
const connectionArn = 'arn:aws:codestar-connections:eu-west-1:111111111111:connection/1';

class Queues extends cdk.Stack {
  readonly queueName: cdk.CfnOutput;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const queue = new sqs.Queue(this, 'Queue', { visibilityTimeout: cdk.Duration.seconds(30) });
    this.queueName = new cdk.CfnOutput(this, 'QueueName', { value: queue.queueName });
  }
}

class Dev extends cdk.Stage {
  readonly queues: Queues;

  constructor(scope: Construct, id: string) {
    super(scope, id, { env });
    this.queues = new Queues(this, 'Queues');
  }
}

class Delivery extends cdk.Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id, { env });
    const synth = new pipelines.ShellStep('Synth', {
      input: pipelines.CodePipelineSource.connection('example/project', 'main', { connectionArn }),
      installCommands: ['npm ci'],
      commands: ['npx cdk synth --quiet'],
    });
    const pipeline = new pipelines.CodePipeline(this, 'Pipeline', { synth, dockerEnabledForSynth: true });
    const dev = new Dev(this, 'Dev');
    const test = new pipelines.ShellStep('Test', {
      envFromCfnOutputs: { QUEUE: dev.queues.queueName },
      commands: ['yarn --version', 'aws sts get-caller-identity --output json | jq -e -r .Account | grep 111111111111'],
    });
    pipeline.addStage(dev, { post: [test] });
  }
}

const app = new cdk.App();
new Delivery(app, 'Delivery');
app.synth();
