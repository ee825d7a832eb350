/** Read-only, member, manager; the owner is no member row (accounts.md OB-1). */
export type MemberRole = 'r' | 'w' | 'm';

/** accounts.md §14. A superuser is read-write and manager everywhere, but owner only of what is theirs. */
export type Role = 'owner' | MemberRole | 'superuser';
