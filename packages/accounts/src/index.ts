/** Who may use the product: users, sessions, projects, members, keys; rate limits and signed values. */
export { type ApiKeyInfo, createApiKey, findProjectByApiKey, listApiKeys, revokeApiKey } from './api-keys.ts';
export { BootstrapError, bootstrap, FIRST_PROJECT_NAME } from './bootstrap.ts';
export { belongings, changeEmail, closeAccount } from './closing.ts';
export { emailAddress } from './email-address.ts';
export { inviteMember, inviteSuggestions, listMembers, type Member, removeMember } from './members.ts';
export {
  acceptTransfer,
  cancelTransfer,
  findTransferRequest,
  requestTransfer,
  type TransferRequest,
  transferRoom,
} from './ownership.ts';
export { passwordProblem } from './passwords.ts';
export { createPingKey, revokePingKey } from './ping-keys.ts';
export type { Project } from './project.ts';
export {
  type Access,
  createProject,
  deleteProject,
  findAccess,
  listProjects,
  projectNameProblem,
  projectTitle,
  renameProject,
  setShowSlugs,
} from './projects.ts';
export {
  createSession,
  endSession,
  findSession,
  hashSessionToken,
  newSessionToken,
  SESSION_LIFETIME_MS,
  type Session,
} from './sessions.ts';
export {
  createSignInToken,
  INVITATION_LIFETIME_MS,
  SIGN_IN_LINK_LIFETIME_MS,
  takeSignInToken,
} from './sign-in-links.ts';
export { openSigned, signature, signValue } from './signing.ts';
export { BUCKETS, type Bucket, normalisedEmail, returnToken, takeToken } from './token-buckets.ts';
export {
  authenticate,
  type CheckSort,
  checkPassword,
  createFirstUser,
  createUserWithProject,
  findUserByEmail,
  isFirstRun,
  setPassword,
  type User,
  updatePreferences,
} from './users.ts';
