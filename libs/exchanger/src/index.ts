export { startExchanger } from './start-exchanger.js';
