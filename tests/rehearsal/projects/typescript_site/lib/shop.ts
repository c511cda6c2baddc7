import * as cdk from 'aws-cdk-lib';
import * as autoscaling from 'aws-cdk-lib/aws-autoscaling';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as origins from 'aws-cdk-lib/aws-cloudfront-origins';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as balancing from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as deployment from 'aws-cdk-lib/aws-s3-deployment';
import * as custom from 'aws-cdk-lib/custom-resources';
import type { Construct } from 'constructs';

/** Pages in a bucket and an API on instances, behind one distribution. */
export class Shop extends cdk.Stage {
  readonly domain: cdk.CfnOutput;

  constructor(scope: Construct, id: string, props: cdk.StageProps) {
    super(scope, id, props);
    const stack = new cdk.Stack(this, 'Shop');
    const bucket = new s3.Bucket(stack, 'Pages');
    const distribution = new cloudfront.Distribution(stack, 'Distribution', {
      defaultBehavior: { origin: origins.S3BucketOrigin.withOriginAccessControl(bucket) },
      defaultRootObject: 'index.html',
      additionalBehaviors: {
        '/api/*': {
          origin: new origins.LoadBalancerV2Origin(this.api(stack), {
            protocolPolicy: cloudfront.OriginProtocolPolicy.HTTP_ONLY,
          }),
          cachePolicy: cloudfront.CachePolicy.CACHING_DISABLED,
        },
      },
    });
    new deployment.BucketDeployment(stack, 'Deployment', {
      sources: [deployment.Source.asset('pages')],
      destinationBucket: bucket,
      distribution,
    });
    this.domain = new cdk.CfnOutput(stack, 'Domain', { value: distribution.distributionDomainName });
  }

  private api(stack: cdk.Stack): balancing.ApplicationLoadBalancer {
    const vpc = ec2.Vpc.fromLookup(stack, 'Vpc', { isDefault: true });
    const fleet = new autoscaling.AutoScalingGroup(stack, 'Fleet', {
      vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
      instanceType: new ec2.InstanceType('t4g.micro'),
      machineImage: ec2.MachineImage.latestAmazonLinux2023({ cpuType: ec2.AmazonLinuxCpuType.ARM_64 }),
    });
    const balancer = new balancing.ApplicationLoadBalancer(stack, 'Balancer', { vpc, internetFacing: true });
    balancer.addListener('Http', { port: 80, open: false }).addTargets('Api', { port: 80, targets: [fleet] });
    const lists = new custom.AwsCustomResource(stack, 'CloudFrontAddresses', {
      onUpdate: {
        service: 'EC2',
        action: 'describeManagedPrefixLists',
        parameters: { Filters: [{ Name: 'prefix-list-name', Values: ['com.amazonaws.global.cloudfront.origin-facing'] }] },
        physicalResourceId: custom.PhysicalResourceId.of('cloudfront'),
      },
      policy: custom.AwsCustomResourcePolicy.fromSdkCalls({ resources: ['*'] }),
    });
    const addresses = ec2.Peer.prefixList(lists.getResponseField('PrefixLists.0.PrefixListId'));
    balancer.connections.allowFrom(addresses, ec2.Port.tcp(80));
    return balancer;
  }
}
