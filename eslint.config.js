// The rules are in .oxlintrc.json.
export default [{}];
