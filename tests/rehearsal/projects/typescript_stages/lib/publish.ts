import type { IStage } from 'aws-cdk-lib/aws-codepipeline';
import { S3DeployAction } from 'aws-cdk-lib/aws-codepipeline-actions';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import * as pipelines from 'aws-cdk-lib/pipelines';

/** Puts files into the bucket of a site, in another account and region. */
export class Publish extends pipelines.Step implements pipelines.ICodePipelineActionFactory {
  private readonly files: pipelines.FileSet;
  private readonly bucket: { bucketName: string; account?: string; region?: string };

  constructor(id: string, files: pipelines.FileSet, bucket: { bucketName: string; account?: string; region?: string }) {
    super(id);
    this.files = files;
    this.bucket = bucket;
    this.addDependencyFileSet(files);
  }

  produceAction(stage: IStage, options: pipelines.ProduceActionOptions): pipelines.CodePipelineActionFactoryResult {
    stage.addAction(
      new S3DeployAction({
        actionName: options.actionName,
        runOrder: options.runOrder,
        input: options.artifacts.toCodePipeline(this.files),
        bucket: Bucket.fromBucketAttributes(options.scope, 'Bucket', this.bucket),
      }),
    );
    return { runOrdersConsumed: 1 };
  }
}
