using ReliableMq.TestSupport;

namespace ReliableMq.Integration.Support;

/// <summary>Everything that PostgreSQL knows of a schema, one line a thing, without the schema's name.</summary>
internal static class Catalog
{
    public static async Task<List<string>> ReadAsync(TestDatabase database, string schema)
    {
        var lines = await database.QueryAsync<string>(
            $"""
            SELECT concat_ws(' ', 'table', c.relname, c.relkind, c.relpersistence, c.reloptions) FROM pg_class c WHERE c.relnamespace = '{schema}'::regnamespace
            UNION ALL
            SELECT 'column ' || c.relname || '.' || a.attname || ' ' || a.attnum || ' ' || format_type(a.atttypid, a.atttypmod)
                || CASE WHEN a.attcollation = t.typcollation THEN '' ELSE ' collate ' || (SELECT collname FROM pg_collation WHERE oid = a.attcollation) END
                || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END || ' identity:' || a.attidentity::text || ' generated:' || a.attgenerated::text
                || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '') || ' storage:' || a.attstorage::text || ' compression:' || a.attcompression::text
            FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
            LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE c.relnamespace = '{schema}'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
            UNION ALL
            SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = '{schema}'::regnamespace
            UNION ALL
            SELECT 'index ' || pg_get_indexdef(i.indexrelid) || CASE WHEN i.indisvalid THEN '' ELSE ' invalid' END
            FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = '{schema}'::regnamespace
            UNION ALL
            SELECT concat_ws(' ', 'sequence', sequencename, data_type, start_value, increment_by, cache_size, cycle) FROM pg_sequences WHERE schemaname = '{schema}'
            UNION ALL
            SELECT 'trigger ' || tgname FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid WHERE c.relnamespace = '{schema}'::regnamespace AND NOT tgisinternal
            UNION ALL
            SELECT concat_ws(' ', 'version', version, applied_at IS NOT NULL) FROM {schema}.schema_version
            ORDER BY 1
            """);
        return [.. lines.Select(line => line.Replace($"{schema}.", "", StringComparison.Ordinal))];
    }
}
