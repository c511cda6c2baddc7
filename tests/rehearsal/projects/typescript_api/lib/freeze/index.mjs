import { CodePipelineClient, PutJobFailureResultCommand, PutJobSuccessResultCommand } from '@aws-sdk/client-codepipeline';

const client = new CodePipelineClient({});

export async function handler(event) {
  const jobId = event['CodePipeline.job'].id;
  const failureDetails = { type: 'JobFailed', message: 'changes are frozen' };
  const frozen = process.env.FROZEN === 'yes';
  await client.send(frozen ? new PutJobFailureResultCommand({ jobId, failureDetails }) : new PutJobSuccessResultCommand({ jobId }));
}
