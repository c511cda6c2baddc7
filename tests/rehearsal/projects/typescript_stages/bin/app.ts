import * as cdk from 'aws-cdk-lib';
import { Delivery } from '../lib/delivery.ts';

const app = new cdk.App();
new Delivery(app, 'Delivery', { env: { account: '111111111111', region: 'us-east-1' } });
