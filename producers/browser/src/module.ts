/** The ES module: `import { touchline } from "./touchline.mjs"`. */

import { createClient } from "./client";
import type { Touchline } from "./touchline.mjs";

export const touchline: Touchline = createClient();
export default touchline;
