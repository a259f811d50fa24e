// A sign-in provider on loopback for tests in a browser: prints its issuer, then lets everybody in as "Grace".
//   node serve-oidc-provider.ts <redirect URI>
import { startProvider } from './oidc-provider.ts'

const [redirectUri] = process.argv.slice(2)
if (!redirectUri) throw new Error('usage: serve-oidc-provider.ts <redirect URI>')
const { issuer } = await startProvider(redirectUri)
console.log(issuer)
