import * as cdk from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';

/** A site whose alarms are in us-east-1, where CloudFront's metrics are. */
export class Site extends cdk.Stage {
  readonly topic: cdk.CfnOutput;

  constructor(scope: Construct, id: string, props: cdk.StageProps & { bucketName: string }) {
    super(scope, id, props);
    const alarms = new cdk.Stack(this, 'Alarms', {
      env: { account: props.env?.account, region: 'us-east-1' },
      crossRegionReferences: true,
    });
    const topic = new sns.Topic(alarms, 'Topic');
    const storage = new cdk.Stack(this, 'Storage', { crossRegionReferences: true });
    new s3.Bucket(storage, 'Bucket', { bucketName: props.bucketName, enforceSSL: true });
    const parameter = new ssm.StringParameter(storage, 'AlarmTopic', { stringValue: topic.topicArn });
    this.topic = new cdk.CfnOutput(storage, 'TopicArn', { value: parameter.stringValue });
  }
}
