import { fuzzTests } from '../../../test/fuzz-edge.ts'

// A share of what `npm run test:long` sends.
fuzzTests(2500, 120_000, false)
