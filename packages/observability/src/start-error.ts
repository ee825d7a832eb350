/**
 * The process cannot start for a reason that its operator can mend: the message says what and how, and is shown without
 * a stack.
 */
export class StartError extends Error {
  override name = 'StartError';
  /** Its cause may go away by itself, as a port that somebody else has: starting again may help. */
  readonly mayPass: boolean;

  constructor(message: string, { mayPass = false }: { mayPass?: boolean } = {}) {
    super(message);
    this.mayPass = mayPass;
  }
}

/** Exit code of a service that could not start because of its settings (EX_CONFIG): starting again does not help. */
export const EXIT_START_ERROR = 78;

/**
 * The error of a `listen` in words: names the variable and the port. Anything but a refused address comes back as it
 * is.
 */
export function listenError(error: unknown, at: { variable: string; host: string; port: number }): unknown {
  switch ((error as { code?: unknown } | null)?.code) {
    case 'EADDRINUSE':
      return new StartError(
        `Port ${at.port} (${at.variable}) on ${at.host} is already in use by another program. ` +
          `Stop that program, or set ${at.variable} to a free port.`,
        { mayPass: true },
      );
    case 'EACCES':
      return new StartError(
        `Port ${at.port} (${at.variable}) on ${at.host} may not be opened by this user. ` +
          `Set ${at.variable} to a port above 1023.`,
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new StartError(
        `${at.host} is not an address of this machine, so port ${at.port} (${at.variable}) cannot be opened on it.`,
        { mayPass: true }, // at boot it may not have it yet
      );
    default:
      return error;
  }
}
