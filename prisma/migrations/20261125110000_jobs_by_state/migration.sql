-- The jobs of a tenant in one state, newest first. A tenant's failed jobs may be few among a hundred thousand that ended
-- well, and the key alone would have them all read. A job changes its state a few times; the counts that change with each
-- slice are not in it.
create index jobs_by_state on jobs (tenant_id, state, id);
