import * as cdk from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as pipelines from 'aws-cdk-lib/pipelines';
import type { Construct } from 'constructs';
import { Shop } from './shop.ts';

const connectionArn = 'arn:aws:codestar-connections:us-east-1:111111111111:connection/1';
const lookup = new iam.PolicyStatement({
  actions: ['sts:AssumeRole'],
  resources: ['arn:aws:iam::*:role/cdk-*-lookup-role-*'],
});

export class Delivery extends cdk.Stack {
  constructor(scope: Construct, id: string, props: cdk.StackProps) {
    super(scope, id, props);
    const synth = new pipelines.CodeBuildStep('Synth', {
      input: pipelines.CodePipelineSource.connection('example/shop', 'main', { connectionArn }),
      commands: ['npm ci', 'npx cdk synth --quiet'],
      rolePolicyStatements: [lookup],
    });
    const pipeline = new pipelines.CodePipeline(this, 'Pipeline', { synth });
    const prod = new Shop(this, 'Prod', { env: props.env });
    const test = new pipelines.ShellStep('Test', {
      envFromCfnOutputs: { DOMAIN: prod.domain },
      commands: [
        'curl --fail --silent "https://$DOMAIN/" | grep Welcome',
        'curl --fail-with-body --silent "https://$DOMAIN/api/items"',
      ],
    });
    pipeline.addStage(prod, { post: [test] });
  }
}
