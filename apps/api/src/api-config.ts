/** Under which the app's configuration is injected. */
export const API_CONFIG = Symbol('API_CONFIG');
