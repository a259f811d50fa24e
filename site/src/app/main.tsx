import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { createQueryClient, keys } from '../api/queries.ts'
import { startGamepads } from '../input/gamepad.ts'
import { createPortalRouter } from './router.tsx'

// Dialogs add a style element while the page behind them must not scroll; the server's policy lets it pass by this
// nonce, which the library that adds it (get-nonce) looks up under webpack's name.
const styleNonce = document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.content
if (styleNonce) Object.assign(globalThis, { __webpack_nonce__: styleNonce })

const root = document.getElementById('app')
if (!root) throw new Error('the page has no #app')

const queryClient = createQueryClient(() => {
  queryClient.removeQueries({ queryKey: keys.me })
  // Asks again who is there, which leads to the sign-in and back here.
  void router.invalidate()
})
const router = createPortalRouter(queryClient)

startGamepads()
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
)
