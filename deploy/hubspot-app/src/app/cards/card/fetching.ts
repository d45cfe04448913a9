/** The call that HubSpot gives a card. */

import type { hubspot } from "@hubspot/ui-extensions";

/** `hubspot.fetch`. */
export type HubSpotFetch = typeof hubspot.fetch;
