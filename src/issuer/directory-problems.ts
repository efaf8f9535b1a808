/** What can be wrong with a directory beyond what can be wrong with any file that is read as policies are. */
export const DIRECTORY_PROBLEMS = {
  name: 'A name is not made of the characters that names may have.',
  similar_name: 'Two names differ by case only, and would be taken for each other.',
  public_client: 'A client has no secret, so anyone gets user tokens by its name (a warning).',
  users: 'A tenant has neither users nor a database, or both.',
  duplicate_id: 'Two users have one id.',
  email: 'A user is not named by an e-mail address.',
  word: 'A role, scope, group or resource has a character that it may not have.',
  reserved: 'A role or scope is one that only the service itself gives.',
  duplicate: 'A list holds a value twice.',
  unknown_user: 'An administrator is no user of the tenant.',
  database: 'A database is not named as one can be.',
  duplicate_issuer: 'Two issuers have one URL.',
  url: 'A URL is not one that may be asked.',
} as const;

/** The code of such a problem. */
export type DirectoryCode = keyof typeof DIRECTORY_PROBLEMS;
