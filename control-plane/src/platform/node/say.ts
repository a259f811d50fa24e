/** What a command has to say to the person who gave it. What happens later goes to the log. */
export const say = (text: string): void => void process.stdout.write(`${text}\n`)
export const complain = (text: string): void => void process.stderr.write(`${text}\n`)
