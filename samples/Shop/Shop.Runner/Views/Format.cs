namespace Shop.Runner.Views;

internal static class Format
{
    public static string Seconds(TimeSpan time) => $"{time.TotalSeconds,6:0.0} s";

    public static string Text(TimeSpan? time) => time switch
    {
        null => "-",
        { TotalSeconds: < 1 } => $"{time.Value.TotalMilliseconds:0} ms",
        _ => $"{time.Value.TotalSeconds:0.0} s",
    };
}
