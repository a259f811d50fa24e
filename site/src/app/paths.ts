/** Every address of the portal, in one place. */
export const paths = {
  machines: '/',
  machine: (machineId: string) => `/machines/${encodeURIComponent(machineId)}`,
  findBmcs: '/machines/find-bmcs',
  sites: '/sites',
  images: '/images',
  templates: '/templates',
  people: '/people',
  account: '/account',
  invitation: '/invitation',
  audit: '/audit',
  settings: '/settings',
  setup: '/setup',
  signIn: '/sign-in',
  /** Where the sign-in provider sends people back to. */
  provider: '/sign-in/provider',
  front: '/front',
  closed: '/closed',
  welcome: '/welcome',
} as const

/**
 * The static pages that the shell is built into, by their folder in `dist`. A segment `_name_` stands for any
 * value: a server answers `/machines/m1` with `machines/_id_/index.html`.
 */
export const shellPages: readonly (string | undefined)[] = [
  undefined,
  'machines/_id_',
  'sites',
  'images',
  'templates',
  'people',
  'account',
  'invitation',
  'audit',
  'settings',
  'setup',
  'sign-in',
  'sign-in/provider',
  'front',
  'closed',
  'welcome',
]
