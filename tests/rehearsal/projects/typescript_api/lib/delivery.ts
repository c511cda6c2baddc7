import * as cdk from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import { type CfnPipeline, PipelineType } from 'aws-cdk-lib/aws-codepipeline';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as pipelines from 'aws-cdk-lib/pipelines';
import type { Construct } from 'constructs';
import { Notes } from './notes.ts';

const connectionArn = 'arn:aws:codestar-connections:us-east-1:111111111111:connection/1';

export class Delivery extends cdk.Stack {
  constructor(scope: Construct, id: string, props: cdk.StackProps) {
    super(scope, id, props);
    const input = pipelines.CodePipelineSource.connection('example/notes', 'main', { connectionArn });
    const synth = new pipelines.ShellStep('Synth', {
      input,
      installCommands: ['npm ci'],
      commands: ['npm test', 'npx cdk synth --quiet'],
    });
    const runtimes = { phases: { install: { 'runtime-versions': { nodejs: '24' } } } };
    const pipeline = new pipelines.CodePipeline(this, 'Pipeline', {
      synth,
      pipelineType: PipelineType.V2,
      codeBuildDefaults: { partialBuildSpec: codebuild.BuildSpec.fromObject(runtimes) },
    });
    const prod = new Notes(this, 'Prod', { env: { account: this.account, region: this.region } });
    const test = new pipelines.ShellStep('Test', {
      input,
      envFromCfnOutputs: { SITE: prod.site, URL: prod.url },
      commands: ['npm run integration'],
    });
    pipeline.addStage(prod, { post: [test] });
    pipeline.buildPipeline();
    this.addConditions(pipeline.pipeline.node.defaultChild as CfnPipeline, pipeline.pipeline.role);
  }

  private addConditions(pipeline: CfnPipeline, role: iam.IRole): void {
    const freeze = new lambda.Function(this, 'Freeze', {
      code: lambda.Code.fromAsset('lib/freeze'),
      handler: 'index.handler',
      runtime: lambda.Runtime.NODEJS_22_X,
      environment: { FROZEN: 'no' },
    });
    freeze.addToRolePolicy(new iam.PolicyStatement({ actions: ['codepipeline:PutJob*'], resources: ['*'] }));
    freeze.grantInvoke(role);
    const rule = (Name: string, Provider: string, rest: object) => ({
      Name,
      RuleTypeId: { Category: 'Rule', Owner: 'AWS', Provider, Version: '1' },
      ...rest,
    });
    const frozen = rule('Freeze', 'LambdaInvoke', { Configuration: { FunctionName: freeze.functionName } });
    const released = rule('Released', 'Commands', {
      Commands: ['grep --quiet readNote functions/note.ts'],
      InputArtifacts: [{ Name: 'example_notes_Source' }],
    });
    role.addToPrincipalPolicy(new iam.PolicyStatement({ actions: ['logs:*Log*'], resources: ['*'] }));
    // Source, Build, UpdatePipeline, Assets, Prod.
    pipeline.addPropertyOverride('Stages.4.BeforeEntry.Conditions', [{ Result: 'FAIL', Rules: [frozen] }]);
    pipeline.addPropertyOverride('Stages.4.OnSuccess.Conditions', [{ Result: 'FAIL', Rules: [released] }]);
  }
}
