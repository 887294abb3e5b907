import tseslint from 'typescript-eslint';

const code = ['{apps,libs,test,bench}/**/*.ts'];
const sizes = (fileLines) => ({
  'max-lines': ['error', fileLines],
  'max-lines-per-function': ['error', { max: 40, skipComments: true }],
  complexity: ['error', 8],
  'max-params': ['error', 5],
});

// Comparing a secret byte by byte tells an attacker how far the guess was right.
const noSecretComparison = {
  selector:
    "BinaryExpression[operator=/^[!=]==?$/]:matches([left.name=/(secret|token|signature|hash)$/i][right.type='Identifier'], [left.property.name=/(secret|token|signature|hash)$/i][right.type=/Identifier|MemberExpression/])",
  message: 'Compare secrets and digests with timingSafeEqual (sameDigest in #crypto).',
};

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.evergrant/', '.tmp/', 'coverage/'] },
  {
    files: code,
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      ...sizes(250),
      'no-restricted-syntax': ['error', noSecretComparison],
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-imports': 'off',
      '@typescript-eslint/unified-signatures': 'off',
    },
  },
  { files: ['tools/**/*.mjs', 'test/**/*.mjs'], rules: sizes(250) },
  {
    files: ['**/*.spec.ts', '**/*.int-spec.ts', '**/*.e2e-spec.ts', '**/*.deep-spec.ts', 'test/**/*.ts'],
    rules: {
      ...sizes(400),
      'max-lines-per-function': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
);
