import tailwindcss from '@tailwindcss/vite'
import { defineConfig } from 'astro/config'

/**
 * The server's content security policy allows no inline script: every script is a file of its own
 * (`assetsInlineLimit: 0` keeps Vite from inlining small ones), and every style sheet a linked one.
 */
export default defineConfig({
  output: 'static',
  trailingSlash: 'ignore',
  devToolbar: { enabled: false },
  build: { format: 'directory', inlineStylesheets: 'never' },
  vite: {
    plugins: [tailwindcss()],
    build: {
      assetsInlineLimit: 0,
      chunkSizeWarningLimit: 900,
      rolldownOptions: {
        onLog: (level, log, print) => {
          // "use client" in React libraries means nothing where everything runs on the client.
          if (log.code !== 'MODULE_LEVEL_DIRECTIVE') print(level, log)
        },
      },
    },
    server: { proxy: { '/api': { target: process.env.DRAGONFLY_URL ?? 'http://localhost:3000', ws: true } } },
  },
})
