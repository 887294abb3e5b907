export { newApiKey, readApiKey, shownPrefix } from './api-key.js';
export { BodyDigests } from './body-digests.js';
export { carriesToken } from './bearer.js';
export { Cursors } from './cursors.js';
export { digest, mac, sameDigest } from './digest.js';
export { Keyring } from './keyring.js';
export { openRow, type Place, type RowSecrets, sealRow } from './row-seal.js';
export { open, seal, SealBroken } from './sealed-box.js';
export { isOurState, mintState } from './signed-token.js';
