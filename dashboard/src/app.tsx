import { MantineProvider } from "@mantine/core";
import { Component, lazy, type ReactNode, Suspense, useCallback, useMemo, useState } from "react";
import { Provider, useQuery } from "urql";
import { Redirect, Route, Switch, useLocation } from "wouter";
import { Page } from "./components/page.tsx";
import { Empty, Failure, Waiting } from "./components/states.tsx";
import { codeOf, createGraphqlClient } from "./graphql/client.ts";
import { homeOf } from "./layout/navigation.ts";
import { Shell } from "./layout/shell.tsx";
import { pageNonce } from "./nonce.ts";
import { InvitationPage } from "./session/invitation-page.tsx";
import { SignInPage } from "./session/sign-in-page.tsx";
import { SessionProvider, useSession, type Who, WhoDocument } from "./session/who.tsx";
import { cssVariables, theme } from "./theme.ts";

const OverviewPage = lazy(async () => ({ default: (await import("./pages/overview-page.tsx")).OverviewPage }));
const AuditPage = lazy(async () => ({ default: (await import("./pages/audit-page.tsx")).AuditPage }));
const ModelsPage = lazy(async () => ({ default: (await import("./pages/models/models-page.tsx")).ModelsPage }));
const ModelPage = lazy(async () => ({ default: (await import("./pages/models/model-page.tsx")).ModelPage }));
const EnginePage = lazy(async () => ({ default: (await import("./pages/engine/engine-page.tsx")).EnginePage }));
const TenantsPage = lazy(async () => ({ default: (await import("./pages/tenants-page.tsx")).TenantsPage }));
const MembersPage = lazy(async () => ({ default: (await import("./pages/members-page.tsx")).MembersPage }));
const PlaygroundPage = lazy(async () => ({
  default: (await import("./pages/playground/playground-page.tsx")).PlaygroundPage,
}));
const SettingsPage = lazy(async () => ({ default: (await import("./pages/settings-page.tsx")).SettingsPage }));
const JobsPage = lazy(async () => ({ default: (await import("./pages/jobs/jobs-page.tsx")).JobsPage }));
const NewJobPage = lazy(async () => ({ default: (await import("./pages/jobs/new-job-page.tsx")).NewJobPage }));
const JobPage = lazy(async () => ({ default: (await import("./pages/jobs/job-page.tsx")).JobPage }));
const WebhooksPage = lazy(async () => ({ default: (await import("./pages/webhooks/webhooks-page.tsx")).WebhooksPage }));
const WebhookPage = lazy(async () => ({ default: (await import("./pages/webhooks/webhook-page.tsx")).WebhookPage }));
const BillingPage = lazy(async () => ({ default: (await import("./pages/billing/billing-page.tsx")).BillingPage }));
const InvoicePage = lazy(async () => ({ default: (await import("./pages/billing/invoice-page.tsx")).InvoicePage }));
const InvoicesPage = lazy(async () => ({ default: (await import("./pages/billing/invoices-page.tsx")).InvoicesPage }));
const PlansPage = lazy(async () => ({ default: (await import("./pages/plans/plans-page.tsx")).PlansPage }));
const PlanPage = lazy(async () => ({ default: (await import("./pages/plans/plan-page.tsx")).PlanPage }));
const PlanFormPage = lazy(async () => ({ default: (await import("./pages/plans/plan-form-page.tsx")).PlanFormPage }));
const TenantPage = lazy(async () => ({ default: (await import("./pages/tenant/tenant-page.tsx")).TenantPage }));
const KeysPage = lazy(async () => ({ default: (await import("./pages/keys-page.tsx")).KeysPage }));

export function App() {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      defaultColorScheme="auto"
      getStyleNonce={pageNonce}
    >
      <SignedInOrNot />
    </MantineProvider>
  );
}

/** Each sign-in gets a client of its own, so nothing that one person read is left for the next. */
function SignedInOrNot() {
  const [epoch, setEpoch] = useState(0);
  const [isSignedOut, setSignedOut] = useState(false);
  const restart = useCallback(() => {
    setSignedOut(false);
    setEpoch((before) => before + 1);
  }, []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the epoch is what a client is made for
  const client = useMemo(() => createGraphqlClient(() => setSignedOut(true)), [epoch]);
  const [location, goTo] = useLocation();
  if (location === "/invitation")
    return (
      <Provider value={client} key={epoch}>
        <InvitationPage
          token={window.location.hash.slice(1)}
          onSignedIn={() => {
            goTo("/", { replace: true });
            restart();
          }}
        />
      </Provider>
    );
  if (isSignedOut) return <SignInPage onSignedIn={restart} />;
  return (
    <Provider value={client} key={epoch}>
      <Gate restart={restart} />
    </Provider>
  );
}

function Gate({ restart }: { restart: () => void }) {
  const [{ data, error }, ask] = useQuery({ query: WhoDocument });
  // A session that is over, though the browser could renew it a moment ago: of a member who just left, say.
  if (error !== undefined && codeOf(error) === "UNAUTHENTICATED") return <SignInPage onSignedIn={restart} />;
  if (error !== undefined)
    return (
      <main className="door">
        <Failure error={error} retry={() => ask({ requestPolicy: "network-only" })} />
      </main>
    );
  if (data === undefined) return <div className="boot" aria-busy="true" />;
  const { me } = data;
  const who: Who = {
    kind: me.kind === "OPERATOR" ? "OPERATOR" : "MEMBER",
    userId: me.id,
    email: me.user?.email ?? "",
    permissions: new Set(me.permissions),
    tenantId: me.tenantId,
    tenantName: me.memberships.find(({ tenantId }) => tenantId === me.tenantId)?.tenantName ?? null,
    places: [
      ...me.memberships.map(({ tenantId, tenantName }) => ({ tenantId, name: tenantName })),
      ...(me.isOperator ? [{ tenantId: null, name: "Operator" }] : []),
    ],
  };
  return (
    <SessionProvider value={{ who, restart }}>
      <Shell>
        <Broken>
          <Suspense fallback={<Waiting lines={8} height={28} />}>
            <Pages />
          </Suspense>
        </Broken>
      </Shell>
    </SessionProvider>
  );
}

function Pages() {
  const { who } = useSession();
  const home = homeOf(who);
  return (
    <Switch>
      <Route path="/">{home === "/" ? <OverviewPage /> : <Redirect to={home} replace />}</Route>
      <Route path="/keys" component={KeysPage} />
      <Route path="/jobs" component={JobsPage} />
      <Route path="/jobs/new" component={NewJobPage} />
      <Route path="/jobs/:id">{({ id }) => <JobPage key={id} id={id} />}</Route>
      <Route path="/models" component={ModelsPage} />
      <Route path="/models/:name">{({ name }) => <ModelPage key={name} name={decodeURIComponent(name)} />}</Route>
      <Route path="/engine" component={EnginePage} />
      <Route path="/tenants" component={TenantsPage} />
      <Route path="/tenants/:id">{({ id }) => <TenantPage key={id} id={id} />}</Route>
      <Route path="/plans" component={PlansPage} />
      <Route path="/plans/new">
        <PlanFormPage name={undefined} />
      </Route>
      <Route path="/plans/:name">{({ name }) => <PlanPage key={name} name={name} />}</Route>
      <Route path="/plans/:name/new-version">{({ name }) => <PlanFormPage key={name} name={name} />}</Route>
      <Route path="/billing" component={BillingPage} />
      <Route path="/billing/invoices/:id">{({ id }) => <InvoicePage key={id} id={id} />}</Route>
      <Route path="/invoices" component={InvoicesPage} />
      <Route path="/playground" component={PlaygroundPage} />
      <Route path="/members" component={MembersPage} />
      <Route path="/settings" component={SettingsPage} />
      <Route path="/webhooks" component={WebhooksPage} />
      <Route path="/webhooks/:id">{({ id }) => <WebhookPage key={id} id={id} />}</Route>
      <Route path="/audit" component={AuditPage} />
      <Route>
        <Page title="Nothing here">
          <Empty icon="overview" title="There is no page at this address.">
            Choose one at the left.
          </Empty>
        </Page>
      </Route>
    </Switch>
  );
}

/** A mistake of ours on one page leaves the way to the others open. */
class Broken extends Component<{ children: ReactNode }, { isBroken: boolean }> {
  override state = { isBroken: false };

  static getDerivedStateFromError() {
    return { isBroken: true };
  }

  override render() {
    if (!this.state.isBroken) return this.props.children;
    return (
      <div className="failure" role="alert">
        <p>This page broke, or a new version of the dashboard has come. Reload the page.</p>
      </div>
    );
  }
}
