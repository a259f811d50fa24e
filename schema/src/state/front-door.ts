/** Who sees what: `open` shows strangers a summary; `administrators` shows the panel to nobody else. */
export const frontPageModes = ['open', 'signed-in', 'administrators'] as const
export type FrontPageMode = (typeof frontPageModes)[number]

/** What an administrator types to set an allowlist that does not hold their own address. */
export const lockOutPhrase = 'lock me out'
