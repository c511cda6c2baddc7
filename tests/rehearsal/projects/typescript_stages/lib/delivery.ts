import * as cdk from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as pipelines from 'aws-cdk-lib/pipelines';
import type { Construct } from 'constructs';
import { Publish } from './publish.ts';
import { Site } from './site.ts';

const connectionArn = 'arn:aws:codestar-connections:us-east-1:111111111111:connection/1';
const sites = {
  Dev: { env: { account: '222222222222', region: 'eu-west-1' }, bucketName: 'dev-site-222222222222' },
  Test: { env: { account: '222222222222', region: 'eu-west-1' }, bucketName: 'test-site-222222222222' },
  Prod: { env: { account: '333333333333', region: 'eu-central-1' }, bucketName: 'prod-site-333333333333' },
};

export class Delivery extends cdk.Stack {
  constructor(scope: Construct, id: string, props: cdk.StackProps) {
    super(scope, id, props);
    const synth = new pipelines.ShellStep('Synth', {
      input: pipelines.CodePipelineSource.connection('example/site', 'main', { connectionArn }),
      commands: ['npm ci', 'npx cdk synth --quiet'],
    });
    const pages = synth.addOutputDirectory('site');
    const pipeline = new pipelines.CodePipeline(this, 'Pipeline', { synth, crossAccountKeys: true });
    const wave = pipeline.addWave('NonProd');
    for (const name of ['Dev', 'Test'] as const) wave.addStage(new Site(this, name, sites[name]));
    const { env, bucketName } = sites.Prod;
    const prod = new Site(this, 'Prod', sites.Prod);
    const publish = new Publish('Publish', pages, { bucketName, account: env.account, region: env.region });
    const test = new pipelines.ShellStep('Test', {
      envFromCfnOutputs: { TOPIC: prod.topic },
      commands: ['echo "$TOPIC" | grep "^arn:aws:sns:us-east-1:333333333333:"'],
    });
    pipeline.addStage(prod, { post: [publish, test] });
    pipeline.buildPipeline();
    // The stack with the role that publishes is in the account of Prod, and self-mutation deploys it.
    const resources = [`arn:aws:iam::${env.account}:role/cdk-*`];
    pipeline.selfMutationProject.addToRolePolicy(new iam.PolicyStatement({ actions: ['sts:AssumeRole'], resources }));
  }
}
