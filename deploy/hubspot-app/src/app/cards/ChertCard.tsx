/** The entry point: HubSpot hands over the record and what the host can do, and gets the card. */

import { hubspot } from "@hubspot/ui-extensions";

import { ChertApi } from "./card/api.ts";
import { Card } from "./card/Card.tsx";
import type { Runtime } from "./card/runtime.ts";
import { placeOf, publicBaseUrl } from "./card/settings.ts";

const RUNTIME: Runtime = {
  now: () => new Date(),
  newId: () => crypto.randomUUID(),
  after: (milliseconds, run) => {
    const timer = setTimeout(run, milliseconds);
    return () => {
      clearTimeout(timer);
    };
  },
};

hubspot.extend<"crm.record.sidebar">(({ context, actions }) => {
  const api = new ChertApi({
    baseUrl: publicBaseUrl(context.variables),
    contactId: String(context.crm.objectId),
    fetch: (url, options) => hubspot.fetch(url, options),
    after: RUNTIME.after,
  });
  return (
    <Card
      api={api}
      runtime={RUNTIME}
      place={placeOf(context)}
      onPropertiesChange={(names, changed) => {
        actions.onCrmPropertiesUpdate(names, changed);
      }}
    />
  );
});
