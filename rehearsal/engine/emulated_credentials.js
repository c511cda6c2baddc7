// A plug-in for the CDK CLI: lets one `cdk bootstrap` command bootstrap several emulated accounts.
'use strict';

module.exports = {
  version: '1',
  init: (host) =>
    host.registerCredentialProviderSource({
      name: 'emulated accounts',
      isAvailable: async () => true,
      canProvideCredentials: async () => true,
      // The emulator takes a 12-digit access key as the account id and does not check signatures.
      getProvider: async (account) => ({ accessKeyId: account, secretAccessKey: 'emulated' }),
    }),
};
