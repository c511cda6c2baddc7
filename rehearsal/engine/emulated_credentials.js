// A plug-in of the CDK's command line: lets one process bootstrap several emulated accounts.
'use strict';

module.exports = {
  version: '1',
  init: (host) =>
    host.registerCredentialProviderSource({
      name: 'emulated accounts',
      isAvailable: async () => true,
      canProvideCredentials: async () => true,
      // For the emulator a 12-digit access key is the account; it checks no signature.
      getProvider: async (account) => ({ accessKeyId: account, secretAccessKey: 'emulated' }),
    }),
};
