import * as cdk from 'aws-cdk-lib';
import { HttpApi, HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { typescriptCode } from './typescript-code.ts';

export class Notes extends cdk.Stage {
  readonly site: cdk.CfnOutput;
  readonly url: cdk.CfnOutput;

  constructor(scope: Construct, id: string, props: cdk.StageProps) {
    super(scope, id, props);
    const stack = new cdk.Stack(this, 'Api');
    const table = new dynamodb.TableV2(stack, 'Table', {
      partitionKey: { name: 'id', type: dynamodb.AttributeType.STRING },
    });
    const handler = new lambda.Function(stack, 'Handler', {
      code: typescriptCode('functions'),
      handler: 'notes.handler',
      runtime: lambda.Runtime.NODEJS_22_X,
      environment: { TABLE: table.tableName },
    });
    table.grantReadWriteData(handler);
    const api = new HttpApi(stack, 'HttpApi');
    const integration = new HttpLambdaIntegration('Integration', handler);
    api.addRoutes({ path: '/notes/{id}', methods: [HttpMethod.GET, HttpMethod.PUT], integration });
    const distribution = new cloudfront.Distribution(stack, 'Distribution', {
      defaultBehavior: {
        origin: new HttpOrigin(cdk.Fn.parseDomainName(api.apiEndpoint)),
        allowedMethods: cloudfront.AllowedMethods.ALLOW_ALL,
        cachePolicy: cloudfront.CachePolicy.CACHING_DISABLED,
        originRequestPolicy: cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
      },
    });
    this.url = new cdk.CfnOutput(stack, 'Url', { value: api.apiEndpoint });
    this.site = new cdk.CfnOutput(stack, 'Site', { value: distribution.distributionDomainName });
  }
}
