-- Invoices, credit notes, and credits that are paid ahead.
--
-- An invoice copies what it needs: the names and addresses, prices and rates of the day stand in it, and nothing that
-- changes later changes it. What it says of usage can be recomputed from the events, and `billing:reconcile` does.

-- To whom a tenant's invoices are addressed. Without a row: to its name.
create table billing_details (
  tenant_id  text primary key references tenants (id),
  name       text not null,
  address    text not null,
  tax_id     text not null,
  email      text not null,
  updated_at timestamptz not null default now()
);

-- sequence: from 1 without gaps, for each tenant and kind. It is taken under the tenant's ledger lock by the transaction
-- that writes the invoice, so one that fails takes no number.
-- subtotal: of the lines, each rounded. credits: what was paid ahead. total: what is left to pay.
create table invoices (
  tenant_id          text not null references tenants (id),
  id                 text primary key,
  kind               text not null check (kind in ('INVOICE', 'CREDIT_NOTE')),
  sequence           integer not null check (sequence > 0),
  number             text not null,
  corrects_id        text references invoices (id),
  reason             text,                                       -- of a credit note
  period_starts_at   timestamptz not null,
  period_ends_at     timestamptz not null check (period_ends_at > period_starts_at),
  currency           text not null check (currency ~ '^[A-Z]{3}$'),
  seller             jsonb not null,                             -- {name, address, taxId}
  customer           jsonb not null,                             -- {name, address, taxId}
  tax_rate_ppm       integer not null,
  subtotal_micros    bigint not null,
  tax_micros         bigint not null,
  credits_micros     bigint not null check (credits_micros >= 0),
  total_micros       bigint not null check (total_micros = subtotal_micros + tax_micros - credits_micros),
  issued_at          timestamptz not null,
  issued_by          text not null,
  due_at             timestamptz not null,
  state              text not null default 'ISSUED' check (state in ('ISSUED', 'PAID', 'VOID')),
  paid_at            timestamptz,
  payment_reference  text,
  voided_at          timestamptz,
  void_reason        text,
  unique (tenant_id, kind, sequence),
  check ((kind = 'CREDIT_NOTE') = (corrects_id is not null)),
  check ((state = 'PAID') = (paid_at is not null)),
  check ((state = 'VOID') = (voided_at is not null))
);
-- One invoice for a period, however often and from wherever it is issued.
create unique index invoices_period on invoices (tenant_id, period_starts_at) where kind = 'INVOICE' and state <> 'VOID';
create index invoices_tenant on invoices (tenant_id, id);
create index invoices_corrects on invoices (corrects_id) where corrects_id is not null;

-- amount: exact. payable: rounded half to even to the currency's minor unit, the only rounding there is.
create table invoice_lines (
  tenant_id         text not null references tenants (id),
  id                text primary key,
  invoice_id        text not null references invoices (id),
  position          integer not null check (position > 0),
  kind              text not null check (kind in ('FLAT_FEE', 'FLAT_FEE_CREDIT', 'USAGE', 'LATE_USAGE', 'CORRECTION')),
  description       text not null,
  plan_version_id   text references plan_versions (id),
  meter             text,
  price_model_id    text,                                        -- '': the price for all models
  part              text,                                        -- which part of the price: plans/rating.ts
  tier              integer,
  starts_at         timestamptz not null,                        -- the time that the line is about
  ends_at           timestamptz not null,
  quantity          bigint not null,                             -- in the meter's smallest unit; days of a fee
  unit_count        bigint,                                      -- how many times the price, where not by quantity
  unit_price_micros bigint,
  amount_micros     bigint not null,
  payable_micros    bigint not null,
  corrects_line_id  text references invoice_lines (id),
  unique (invoice_id, position)
);
create index invoice_lines_tenant on invoice_lines (tenant_id, invoice_id, position);
create index invoice_lines_corrects on invoice_lines (corrects_line_id) where corrects_line_id is not null;

-- Money of a tenant's that was paid, or given, ahead. What is left of it is never stored: it is what credit_uses leave.
create table credit_grants (
  tenant_id     text not null references tenants (id),
  id            text primary key,
  amount_micros bigint not null check (amount_micros > 0),
  currency      text not null check (currency ~ '^[A-Z]{3}$'),
  priority      integer not null check (priority between 0 and 100),   -- the lowest is used first
  expires_at    timestamptz,
  reason        text not null,
  granted_at    timestamptz not null,
  granted_by    text not null
);
create index credit_grants_tenant on credit_grants (tenant_id, id);

-- What an invoice took from a grant; below zero where the invoice was voided and gave it back.
create table credit_uses (
  tenant_id     text not null references tenants (id),
  id            text primary key,
  grant_id      text not null references credit_grants (id),
  invoice_id    text not null references invoices (id),
  amount_micros bigint not null check (amount_micros <> 0),
  used_at       timestamptz not null
);
create index credit_uses_grant on credit_uses (grant_id);
create index credit_uses_tenant on credit_uses (tenant_id, invoice_id);

-- Corrections of a closed period are few, and every invoice looks for them.
create index usage_events_late on usage_events (tenant_id, occurred_at) where is_late;

-- ---------------------------------------------------------------------------------------------------------------------
-- What must hold whatever the code does.
-- ---------------------------------------------------------------------------------------------------------------------

-- An invoice is paid or voided once, and nothing else of it ever changes (the right to update stops at these columns).
create function refuse_invoice_change() returns trigger
  language plpgsql
as $$
begin
  if old.state <> 'ISSUED' or new.state = 'ISSUED' then
    raise exception 'invoice % is %, and stays so', old.id, old.state using errcode = 'check_violation';
  end if;
  return new;
end
$$;
create trigger invoices_end_once before update on invoices for each row execute function refuse_invoice_change();

-- A grant is never used beyond its amount, nor given more back than was taken. The tenant's ledger row is the lock.
create function refuse_overdrawn_credit() returns trigger
  language plpgsql
as $$
declare
  granted bigint;
  used    numeric;
begin
  perform lock_tenant_ledger(new.tenant_id);
  select amount_micros into granted from credit_grants where tenant_id = new.tenant_id and id = new.grant_id;
  select coalesce(sum(amount_micros), 0) into used from credit_uses where tenant_id = new.tenant_id and grant_id = new.grant_id;
  if granted is null or used + new.amount_micros not between 0 and granted then
    raise exception 'grant % of % has % used, and % more was asked', new.grant_id, granted, used, new.amount_micros
      using errcode = 'check_violation';
  end if;
  return new;
end
$$;
create trigger credit_uses_covered before insert on credit_uses for each row execute function refuse_overdrawn_credit();

-- The lock of a tenant's money, taken first by whoever issues, corrects or voids an invoice or uses a credit.
create function lock_tenant_ledger(tenant text) returns void
  language plpgsql
as $$
begin
  perform 1 from tenant_ledgers where tenant_id = tenant for update;
end
$$;

-- ---------------------------------------------------------------------------------------------------------------------
-- The second wall, and what each role may do: nobody deletes, and of an invoice only its end is ever updated.
-- ---------------------------------------------------------------------------------------------------------------------
do $walls$
declare
  name text;
begin
  foreach name in array array['billing_details', 'invoices', 'invoice_lines', 'credit_grants', 'credit_uses'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format(
      'create policy one_tenant on %I to tollgate_app using (tenant_id = (select current_tenant_id())) with check (tenant_id = (select current_tenant_id()))',
      name
    );
    execute format('create policy all_tenants on %I to tollgate_system using (true) with check (true)', name);
    execute format('grant select on %I to tollgate_app, tollgate_system', name);
    execute format('grant insert on %I to tollgate_system', name);
  end loop;
end
$walls$;

grant update (name, address, tax_id, email, updated_at) on billing_details to tollgate_system;
grant update (state, paid_at, payment_reference, voided_at, void_reason) on invoices to tollgate_system;
grant update (tax_rate_ppm, billing_anchor_day) on tenants to tollgate_system;
revoke execute on function lock_tenant_ledger(text) from public;
grant execute on function lock_tenant_ledger(text) to tollgate_system;

-- Whoever listens is told with the commit that issues. The outbox of webhooks comes in a later migration.
create function announce_invoice() returns trigger
  language plpgsql
as $$
begin
  if to_regproc('enqueue_webhook') is not null then
    perform enqueue_webhook(new.tenant_id, 'invoice.issued', jsonb_build_object(
      'invoiceId', new.id, 'kind', new.kind, 'number', new.number, 'currency', new.currency, 'correctsId', new.corrects_id,
      'periodStartsAt', new.period_starts_at, 'periodEndsAt', new.period_ends_at, 'totalMicros', new.total_micros::text));
  end if;
  return null;
end
$$;
create trigger invoices_announced after insert on invoices for each row execute function announce_invoice();
