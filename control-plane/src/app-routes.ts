/** First path segments that the portal's client-side router knows: they answer with its shell. */
export const portalSegments = new Set([
  '',
  'setup',
  'sign-in',
  'welcome',
  'machines',
  'racks',
  'sites',
  'edges',
  'images',
  'templates',
  'deployments',
  'people',
  'settings',
  'account',
  'audit',
])
