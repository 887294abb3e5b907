import './start/require-node.mjs';
import { bundle } from './start/bundle.mjs';

await bundle();
