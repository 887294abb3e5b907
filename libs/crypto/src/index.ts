export { newApiKey, readApiKey, shownPrefix } from './api-key.js';
export { BodyDigests } from './body-digests.js';
export { carriesToken } from './bearer.js';
export { Cursors } from './cursors.js';
export { digest, mac, sameDigest } from './digest.js';
export { Keyring } from './keyring.js';
export { open, openRow, type Place, type RowSecrets, rewrapKey, seal, SealBroken, sealRow } from './sealing.js';
export { isOurState, mintState, newBearerToken } from './signed-token.js';
