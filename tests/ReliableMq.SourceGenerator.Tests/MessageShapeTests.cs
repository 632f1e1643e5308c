using System.Collections;
using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.Loader;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Emit;
using ReliableMq.Handling;

namespace ReliableMq.SourceGenerator.Tests;

/// <summary>
/// A rule is right if it refuses exactly what does not arrive. Each shape here is compiled, judged, and really sent: written
/// and read by the library's own serializer, and compared with what it was.
/// </summary>
public sealed class MessageShapeTests
{
    private const string Message = """[Message("shop.thing.v1")] """;

    /// <summary>Shapes that work: a rule that refused one would be wrong.</summary>
    public static TheoryData<string, string> Good => new()
    {
        // How a message may be made.
        { "record Thing(int A, string B);", "new(1, \"x\")" },
        { "record struct Thing(int A);", "new(1)" },
        { "readonly record struct Thing(int A, DateTimeOffset B);", "new(1, DateTimeOffset.UnixEpoch)" },
        { "record Thing { public required int A { get; init; } }", "new() { A = 1 }" },
        { "class Thing { public int A { get; set; } }", "new() { A = 1 }" },
        { "class Thing { public Thing(int a) { A = a; } public int A { get; } }", "new(1)" },
        { "class Thing(int a) { public int A { get; } = a; }", "new(1)" },
        { "class Thing { public Thing(int a) { A = a; } public int A { get; private set; } }", "new(1)" },
        { "class Thing { [JsonConstructor] private Thing(int a) { A = a; } public int A { get; } public static Thing Of(int a) => new(a); }", "Thing.Of(1)" },
        { "class Thing { public Thing() { } public Thing(int b) { A = b; } public int A { get; set; } }", "new(1)" },
        { "readonly struct Thing { [JsonConstructor] public Thing(int a) { A = a; } public int A { get; } }", "new(1)" },
        { "class Thing { public Thing(int a) { A = a; } [JsonPropertyName(\"other\")] public int A { get; } }", "new(1)" },
        { "class Thing { public Thing(string? a) { A = a!; } public string A { get; } }", "new(\"x\")" },
        { "class Thing { public Thing(dynamic a) { } [JsonIgnore] public object? A { get; } }", "new(1)" },
        { "class Thing { public Thing(int aBC) { Abc = aBC; } public int Abc { get; } }", "new(1)" },
        { "abstract record Base(int A); {Message} record Thing(int A, int B) : Base(A);", "new(1, 2)" },
        { "class Base { public int A { get; set; } } {Message} class Thing : Base { public Thing(int a) { A = a; } }", "new(1)" },
        { "class Base<T> { public T? A { get; set; } } {Message} class Thing : Base<List<Part>>; class Part { public int B { get; set; } }", "new() { A = [new() { B = 1 }] }" },
        { "class Thing { internal int Hidden { get; set; } private int Own { get; set; } protected int Inner { get; set; } public int A { get; set; } }", "new() { A = 1 }" },

        // What arrives although it is not filled from the body.
        { "class Thing { public int A { get; set; } public int Twice => 2 * A; }", "new() { A = 1 }" },
        { "class Thing { public int A { get; set; } public int Twice { get { return 2 * A; } } }", "new() { A = 1 }" },
        { "class Thing { public int A { get; set; } public string Kind { get; } = \"thing\"; public string Name { get; } = nameof(A); public int Minus { get; } = -1; }", "new() { A = 1 }" },
        { "class Thing { public const int Version = 1; public static int Count { get; set; } public static readonly int Zero; public int A { get; set; } }", "new() { A = 1 }" },
        { "class Thing { public Thing(int a) { A = a; Twice = 2 * a; } public int A { get; } public int Twice { get; } }", "new(1)" },
        { "class Thing { public Thing(int a) { A = a; Twice = 2 * a; } public int A { get; } public int Twice { get; private set; } }", "new(1)" },
        { "class Thing(int a) { public int A { get; } = a; public int Twice { get; } = 2 * a; }", "new(1)" },
        { "record Thing(int A) { public int Twice { get; } = 2 * A; }", "new(1)" },
        { "class Thing { public Thing(int a) : this(a, 2) { } private Thing(int a, int factor) { A = a; B = factor * a; } public int A { get; } public int B { get; } }", "new(1)" },
        { "class Thing { public Thing(int a) { A = a; Compute(); } private void Compute() => B = 2 * A; public int A { get; } public int B { get; private set; } }", "new(1)" },
        { "class Thing { private int _a; public int A { get => _a; set { _a = value; B = 2 * value; } } public int B { get; private set; } }", "new() { A = 1 }" },
        { "class Base { protected Base(int a) { B = a; } public int B { get; } } {Message} class Thing : Base { public Thing(int a) : base(2 * a) { A = a; } public int A { get; } }", "new(1)" },
        { "class Thing { [JsonObjectCreationHandling(JsonObjectCreationHandling.Populate)] public List<int> A { get; } = []; }", "Filled(new Thing(), thing => thing.A.Add(1))" },
        { "[JsonObjectCreationHandling(JsonObjectCreationHandling.Populate)] class Thing { public List<int> A { get; } = []; }", "Filled(new Thing(), thing => thing.A.Add(1))" },
        { "class Thing : IJsonOnDeserialized { public int A { get; set; } public int B { get; private set; } public void OnDeserialized() => B = A; public static Thing Of(int a) => new() { A = a, B = a }; }", "Thing.Of(1)" },
        { "class Thing { [JsonInclude] public int A { get; private set; } [JsonInclude] private int B { get; set; } [JsonInclude] public int C; public static Thing Of(int a) => new() { A = a, B = a, C = a }; }", "Thing.Of(1)" },
        { "class Thing { [JsonInclude] private readonly int _a; public Thing(int _a) { this._a = _a; } }", "new(1)" },

        // What is to stay behind.
        { "class Thing { public int A { get; set; } [JsonIgnore] public int B { get; private set; } [JsonIgnore] public int C; [JsonIgnore] public Func<int>? D { get; set; } [JsonIgnore] public ReadOnlySpan<char> E => \"\"; }", "new() { A = 1 }" },
        { "class Thing { public int A { get; set; } [JsonIgnore(Condition = JsonIgnoreCondition.Always)] public Type B { get; } = null!; [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] public string? C { get; set; } }", "new() { A = 1 }" },
        { "record Thing(int A, [property: JsonIgnore] int B = 0);", "new(1)" },
        { "class Thing { [JsonIgnore] public int A { get; set; } [JsonPropertyName(\"a\")] public int B { get; set; } }", "new() { B = 1 }" },
        { "class Thing { public int A { get; set; } public int OldA { set { A = value; } } }", "new() { A = 1 }" },

        // Hidden and overridden.
        { "class Base { public int A { get; set; } } {Message} class Thing : Base { public new string A { get; set; } = \"\"; }", "new() { A = \"x\" }" },
        { "class Base { public virtual int A { get; set; } } {Message} class Thing : Base { public override int A { get; set; } }", "new() { A = 1 }" },
        { "abstract class Base { public abstract int A { get; set; } } {Message} class Thing : Base { public override int A { get; set; } }", "new() { A = 1 }" },
        { "interface INamed { int A { get; } } {Message} class Thing : INamed { public int A { get; set; } int INamed.A => 3; }", "new() { A = 1 }" },

        // Other ways of writing.
        { "[JsonConverter(typeof(Own))] class Part { private Part() { } public static Part Of() => new(); } {Message} class Thing { public Part? A { get; set; } } class Own : JsonConverter<Part> { public override Part Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => Part.Of(); public override void Write(Utf8JsonWriter writer, Part value, JsonSerializerOptions options) => writer.WriteNumberValue(1); }", "new() { A = Part.Of() }" },
        { "class Thing { [JsonConverter(typeof(Own))] public (int, int) A { get; set; } } class Own : JsonConverter<(int, int)> { public override (int, int) Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => (reader.GetInt32(), 2); public override void Write(Utf8JsonWriter writer, (int, int) value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Item1); }", "new() { A = (1, 2) }" },
        { "[JsonDerivedType(typeof(Circle), \"circle\")] abstract record Form; record Circle(int Radius) : Form; {Message} record Thing(Form A);", "new(new Circle(1))" },
        { "class Thing { [JsonExtensionData] public Dictionary<string, JsonElement>? A { get; set; } public Thing(int b) { B = b; } public int B { get; } }", "new(1)" },

        // Parts.
        { "record Part(int B); {Message} record Thing(Part A, Part? B, List<Part> C, Part[] D, Dictionary<string, Part> E, IReadOnlyList<IReadOnlyDictionary<string, Part[]>> F);", "new(new(1), null, [new(2)], [new(3)], new() { [\"x\"] = new(4) }, [new Dictionary<string, Part[]> { [\"y\"] = [new(5)] }])" },
        { "class Thing { public Thing? Next { get; set; } public int A { get; set; } }", "new() { A = 1, Next = new() { A = 2 } }" },
        { "record Page<T>(List<T> Items, int Number); record Part(int A); {Message} record Thing(Page<Part> A);", "new(new([new(1)], 1))" },
        { "class Part { private Part() { } public int B => 1; public static Part One { get; } = new(); } {Message} class Thing { public Part Computed => Part.One; public int A { get; set; } }", "new() { A = 1 }" },
        { "struct Part { public int A { get; set; } } {Message} record Thing(Part A, Part? B);", "new(new() { A = 1 }, new() { A = 2 })" },
        { "record Thing(bool A, byte B, char C, decimal D, double E, Half F, Int128 G, string H, Guid I, Uri J, Version K, DateTime L, DateTimeOffset M, DateOnly N, TimeOnly O, TimeSpan P, DayOfWeek Q, byte[] R, int? S, object? T);", "new(true, 1, 'c', 1, 1, (Half)1, 1, \"x\", Guid.Empty, new Uri(\"http://x\"), new Version(1, 2), DateTime.UnixEpoch, DateTimeOffset.UnixEpoch, DateOnly.MinValue, TimeOnly.MinValue, TimeSpan.FromDays(1), DayOfWeek.Friday, [1], 1, null)" },
        { "record Thing(JsonNode A, JsonObject B, JsonArray C);", "new(JsonValue.Create(1), new JsonObject { [\"a\"] = 1 }, new JsonArray(1))" },
        { "record Thing(Tuple<int, int> A, KeyValuePair<string, int> B, Memory<int> C, ReadOnlyMemory<byte> D, System.Drawing.Point E);", "new(Tuple.Create(1, 2), KeyValuePair.Create(\"a\", 1), new int[] { 1 }, new byte[] { 1 }, new(1, 2))" },

        // Collections.
        { "record Thing(IEnumerable<int> A, ICollection<int> B, IList<int> C, ISet<int> D, IReadOnlyCollection<int> E, IDictionary<string, int> F, IReadOnlyDictionary<string, int> G);", "new([1], [2], [3], new HashSet<int> { 4 }, [5], new Dictionary<string, int> { [\"a\"] = 1 }, new Dictionary<string, int> { [\"a\"] = 1 })" },
        { "record Thing(HashSet<int> A, SortedSet<int> B, LinkedList<int> C, Queue<int> D, System.Collections.Concurrent.ConcurrentQueue<int> E, System.Collections.ObjectModel.ObservableCollection<int> F, SortedDictionary<int, int> G, OrderedDictionary<string, int> H);", "new([1], [2], new LinkedList<int>([3]), new([4]), new([5]), [6], new() { [7] = 7 }, new() { [\"a\"] = 8 })" },
        { "record Thing(ImmutableArray<int> A, ImmutableList<int> B, ImmutableDictionary<string, int> C, IImmutableList<int> D);", "new([1], [2], ImmutableDictionary<string, int>.Empty.Add(\"a\", 3), ImmutableList.Create(4))" },
        { "record Thing(int[][] A, List<int[]> B, IReadOnlyList<byte[]> C);", "new([[1]], [[2]], [[3]])" },
        { "class Numbers : List<int>; class Table : Dictionary<string, int>; {Message} record Thing(Numbers A, Table B);", "new([1], new() { [\"a\"] = 1 })" },
        { "record Thing(Dictionary<int, int> A, Dictionary<Guid, int> B, Dictionary<DayOfWeek, int> C, Dictionary<DateTime, int> D, Dictionary<TimeSpan, int> E, Dictionary<Uri, int> F, Dictionary<char, int> G, Dictionary<bool, int> H, Dictionary<Version, int> I, Dictionary<Int128, int> J, Dictionary<DateOnly, int> K, Dictionary<decimal, int> L);", "new(new() { [1] = 1 }, new() { [Guid.Empty] = 1 }, new() { [DayOfWeek.Friday] = 1 }, new() { [DateTime.UnixEpoch] = 1 }, new() { [TimeSpan.Zero] = 1 }, new() { [new Uri(\"http://x\")] = 1 }, new() { ['c'] = 1 }, new() { [true] = 1 }, new() { [new Version(1, 2)] = 1 }, new() { [1] = 1 }, new() { [DateOnly.MinValue] = 1 }, new() { [1.5m] = 1 })" },
    };

    /// <summary>Shapes of which something does not arrive: a rule that did not refuse one would be missing.</summary>
    public static TheoryData<string, string, string> Bad
    {
        get
        {
            var rows = new TheoryData<string, string, string>
            {
                // No constructor.
                { "RMQ023", "class Thing { private Thing() { } public int A { get; set; } public static Thing Of() => new(); }", "Thing.Of()" },
                { "RMQ023", "class Thing { public Thing(int a) { A = a; } public Thing(int a, int b) { A = a; } public int A { get; set; } }", "new(1)" },
                { "RMQ023", "class Thing { [JsonConstructor] public Thing() { } [JsonConstructor] public Thing(int a) { A = a; } public int A { get; set; } }", "new(1)" },
                { "RMQ023", "class Part { internal Part() { } public int A { get; set; } } {Message} record Thing(Part A);", "new(new Part())" },
                { "RMQ023", "record Part(int A) { public Part() : this(1, 2) { } public Part(int a, int b) : this(a) { } private protected Part(string a) : this(1) { } } class Other { public Other(int a) { } public Other(string a) { } } {Message} record Thing(Dictionary<string, List<Other>> A);", "new(new() { [\"a\"] = [new(1)] })" },

                // Lost.
                { "RMQ026", "class Thing { public int A { get; private set; } public static Thing Of(int a) => new() { A = a }; }", "Thing.Of(1)" },
                { "RMQ026", "class Thing { public int A { get; internal set; } }", "new() { A = 1 }" },
                { "RMQ026", "class Thing { public int A { get; protected set; } public static Thing Of(int a) => new() { A = a }; }", "Thing.Of(1)" },
                { "RMQ026", "record Thing(int A) { public int B { get; private set; } public static Thing Of(int a) => new(a) { B = a }; }", "Thing.Of(1)" },
                { "RMQ026", "class Thing { public Thing() { } public Thing(int a) { A = a; } public int A { get; } }", "new(1)" },
                { "RMQ026", "class Thing { public Thing() { } public Thing(int a) { A = a; } public int A { get; } = 7; }", "new(1)" },
                { "RMQ026", "class Thing { public List<int> A { get; } = []; }", "Filled(new Thing(), thing => thing.A.Add(1))" },
                { "RMQ026", "class Thing { public IDictionary<string, int> A { get; } = new Dictionary<string, int>(); }", "Filled(new Thing(), thing => thing.A.Add(\"x\", 1))" },
                { "RMQ026", "readonly struct Thing(int a) { public int A { get; } = a; }", "new(1)" },
                { "RMQ026", "struct Thing { public Thing(int a) { A = a; } public int A { get; } }", "new(1)" },
                { "RMQ026", "class Thing { public Guid Id { get; private set; } = Guid.NewGuid(); }", "new()" },
                { "RMQ026", "class Thing { [JsonInclude] public int A { get; } public Thing() { } private Thing(int a) { A = a; } public static Thing Of(int a) => new(a); }", "Thing.Of(1)" },
                { "RMQ026", "class Base { public int A { get; private set; } public static T Of<T>(int a) where T : Base, new() => new() { A = a }; } {Message} class Thing : Base;", "Base.Of<Thing>(1)" },
                { "RMQ026", "class Part { public int A { get; private set; } public static Part Of(int a) => new() { A = a }; } {Message} record Thing(IReadOnlyList<Part> A);", "new([Part.Of(1)])" },
                { "RMQ026", "record Part<T> { public T? A { get; private set; } public static Part<T> Of(T a) => new() { A = a }; } {Message} record Thing(Part<int> A);", "new(Part<int>.Of(1))" },
                { "RMQ026", "class Thing { public int A; }", "new() { A = 1 }" },
                { "RMQ026", "class Thing { public readonly int A; public Thing() { } public Thing(int a) { A = a; } }", "new(1)" },
                { "RMQ026", "class Thing { public int A { private get; set; } }", "new() { A = 1 }" },
                { "RMQ026", "class Thing { [JsonExtensionData] public Dictionary<string, object> A { get; } = []; }", "Filled(new Thing(), thing => thing.A.Add(\"x\", \"y\"))" },

                // Parameters.
                { "RMQ027", "class Thing { public Thing(int b) { A = b; } public int A { get; set; } }", "new(1)" },
                { "RMQ027", "class Thing { public Thing(int a, int b = 2) { A = a; } public int A { get; set; } }", "new(1)" },
                { "RMQ027", "class Thing { public Thing(int? a) { A = a ?? 0; } public int A { get; set; } }", "new(1)" },
                { "RMQ027", "class Thing { public Thing(int a) { A = a; } public int? A { get; set; } }", "new(1)" },
                { "RMQ027", "class Thing { public Thing(IEnumerable<int> a) { A = new List<int>(a); } public List<int> A { get; set; } }", "new([1])" },
                { "RMQ027", "class Thing { public Thing(int a) { A = a; } private int A { get; set; } }", "new(1)" },
                { "RMQ027", "class Thing { public Thing(int other) { A = other; } [JsonPropertyName(\"other\")] public int A { get; set; } }", "new(1)" },
                { "RMQ027", "class Thing { public Thing(in int a) { A = a; } public int A { get; set; } }", "new(1)" },
                { "RMQ027", "class Part { public Part(int b) { A = b; } public int A { get; set; } } {Message} record Thing(Part[] A);", "new([new(1)])" },

                // Types.
                { "RMQ028", "class Thing { public Type A => GetType(); }", "new()" },
                { "RMQ028", "class Thing { public ReadOnlySpan<char> A => \"x\"; }", "new()" },
                { "RMQ028", "class Thing { private int _a; public ref int A => ref _a; }", "new()" },
                { "RMQ028", "interface IPart { int A { get; } } class Part : IPart { public int A { get; set; } } {Message} record Thing(IPart A);", "new(new Part())" },
                { "RMQ028", "abstract class Part { public int A { get; set; } } class One : Part; {Message} record Thing(List<Part> A);", "new([new One()])" },
                { "RMQ028", "record Key(int A); {Message} record Thing(Dictionary<Key, int> A);", "new(new() { [new(1)] = 1 })" },
                { "RMQ028", "class Numbers : List<int> { public Numbers(int first) { Add(first); } } {Message} record Thing(Numbers A);", "new(new Numbers(1))" },
                { "RMQ028", "class Numbers : IEnumerable<int> { public IEnumerator<int> GetEnumerator() { yield return 1; } System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator(); public void Add(int a) { } } {Message} record Thing(Numbers A);", "new(new Numbers())" },
                { "RMQ028", "class OwnException(string text) : Exception(text); {Message} record Thing(OwnException A);", "new(new(\"x\"))" },

                // Names.
                { "RMQ029", "class Thing { public int A { get; set; } public int a { get; set; } }", "new() { A = 1 }" },
                { "RMQ029", "class Thing { public int A { get; set; } [JsonPropertyName(\"a\")] public int B { get; set; } }", "new() { A = 1 }" },
                { "RMQ029", "class Base { public int A { get; set; } } {Message} class Thing : Base { [JsonPropertyName(\"A\")] public int B { get; set; } }", "new() { A = 1 }" },
                { "RMQ029", "class Thing { public int A { get; set; } [JsonInclude] public int a; }", "new() { A = 1 }" },
            };

            foreach (var (type, value) in new[]
            {
                ("Type", "typeof(int)"), ("Func<int>", "() => 1"), ("Action?", "() => { }"), ("nint", "1"), ("UIntPtr", "1"), ("MethodInfo", "typeof(object).GetMethods()[0]"), ("int[,]", "new int[1, 1]"),
                ("(int, int)", "(1, 2)"), ("(int A, int B)?", "(1, 2)"), ("List<(int, int)>", "[(1, 2)]"), ("Dictionary<string, (int, int)>", "new() { [\"a\"] = (1, 2) }"), ("List<Func<int>>", "[() => 1]"),
                ("IAsyncEnumerable<int>", "Asynchronously()"), ("Dictionary<(int, int), int>", "new() { [(1, 2)] = 1 }"), ("Dictionary<object, int>", "new() { [1] = 1 }"), ("Dictionary<byte[], int>", "new() { [[1]] = 1 }"),
                ("Dictionary<Rune, int>", "new() { [new Rune('a')] = 1 }"), ("IReadOnlyDictionary<Type, int>", "new Dictionary<Type, int> { [typeof(int)] = 1 }"),
                ("BigInteger", "5"), ("Complex", "new(1, 2)"), ("Vector2", "new(1, 2)"), ("Vector3", "new(1, 2, 3)"), ("Vector4", "new(1, 2, 3, 4)"), ("Index", "3"), ("Range", "1..3"), ("Rune", "new('a')"), ("StringBuilder", "new(\"x\")"),
                ("Encoding", "Encoding.UTF8"), ("Regex", "new(\"a\")"), ("CancellationToken", "default"), ("Task", "Task.CompletedTask"), ("Task<int>", "Task.FromResult(1)"), ("ValueTask<int>", "new(1)"), ("Lazy<int>", "new(() => 3)"),
                ("Exception", "new InvalidOperationException(\"x\")"), ("Stream", "Stream.Null"), ("MemoryStream", "new([1])"), ("CultureInfo", "CultureInfo.InvariantCulture"), ("TimeZoneInfo", "TimeZoneInfo.Utc"),
                ("IPAddress", "IPAddress.Loopback"), ("IPEndPoint", "new(1, 2)"), ("MailAddress", "new(\"a@b.c\")"), ("Claim", "new(\"a\", \"b\")"), ("ClaimsPrincipal", "new(new ClaimsIdentity([new Claim(\"a\", \"b\")]))"),
                ("System.Drawing.Color", "System.Drawing.Color.Red"), ("XElement", "new(\"a\", \"b\")"), ("System.Data.DataTable", "new(\"x\")"), ("DBNull", "DBNull.Value"), ("System.Linq.Expressions.Expression", "System.Linq.Expressions.Expression.Constant(1)"),
                ("Stack<int>", "new([1, 2])"), ("ConcurrentStack<int>", "new([1, 2])"), ("ConcurrentBag<int>", "[1]"), ("BlockingCollection<int>", "new() { 1 }"), ("ReadOnlyCollection<int>", "new([1])"),
                ("ReadOnlyDictionary<string, int>", "new(new Dictionary<string, int> { [\"a\"] = 1 })"), ("FrozenSet<int>", "new[] { 1 }.ToFrozenSet()"), ("FrozenDictionary<string, int>", "new Dictionary<string, int> { [\"a\"] = 1 }.ToFrozenDictionary()"),
                ("ILookup<int, int>", "new[] { 1 }.ToLookup(x => x)"), ("IReadOnlySet<int>", "new HashSet<int> { 1 }"), ("IQueryable<int>", "new[] { 1 }.AsQueryable()"), ("BitArray", "new(3)"), ("NameValueCollection", "new() { { \"a\", \"b\" } }"),
                ("Array", "new[] { 1 }"),
            })
            {
                rows.Add("RMQ028", $"record Thing({type} A);", $"new({value})");
            }

            return rows;
        }
    }

    /// <summary>Nobody can tell by looking whether these arrive as they left.</summary>
    public static TheoryData<string, string, bool> Doubtful => new()
    {
        { "class Thing { public Guid A { get; } = Guid.NewGuid(); }", "new()", false },
        { "class Thing { public DateTime A { get; } = DateTime.UtcNow; }", "new()", false },
        { "class Thing { public TimeSpan A { get; } = TimeSpan.FromDays(1); }", "new()", true },
    };

    [Theory]
    [MemberData(nameof(Good))]
    public async Task A_shape_that_arrives_is_accepted(string declaration, string sample)
    {
        var shape = Compile(declaration, sample);
        (await JudgeAsync(shape)).ShouldBeEmpty();
        Fault(shape).ShouldBeNull();
    }

    [Theory, Trait(Refusal.Trait, "RMQ023"), Trait(Refusal.Trait, "RMQ026"), Trait(Refusal.Trait, "RMQ027"), Trait(Refusal.Trait, "RMQ028"), Trait(Refusal.Trait, "RMQ029")]
    [MemberData(nameof(Bad))]
    public async Task A_shape_that_does_not_arrive_is_refused(string id, string declaration, string sample)
    {
        var shape = Compile(declaration, sample);
        (await JudgeAsync(shape)).Distinct().ShouldBe([id]);
        Fault(shape).ShouldNotBeNull();
    }

    [Theory, Trait(Refusal.Trait, "RMQ061")]
    [MemberData(nameof(Doubtful))]
    public async Task A_shape_that_may_not_arrive_is_warned_of(string declaration, string sample, bool arrives)
    {
        var shape = Compile(declaration, sample);
        (await JudgeAsync(shape)).ShouldBe(["RMQ061"]);
        (Fault(shape) is null).ShouldBe(arrives);
    }

    /// <summary>Of what is compiled, neither private members nor the code that sets one can be seen, and of a reference assembly even less.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_shape_of_another_assembly_is_refused_only_for_what_is_wrong_with_it(bool isReference)
    {
        List<(string? Id, string Declaration)> rows = [.. Good.Select(row => ((string?)null, row.Data.Item1)), .. Bad.Select(row => ((string?)row.Data.Item1, row.Data.Item2))];
        var contracts = Compiler.Compile("Shop.Contracts", [Usings, .. rows.Select((row, index) => $"namespace Shop.No{index}x;\n{Marked(row.Declaration)}")]);
        var handlers = string.Concat(rows.Select((_, index) => $"[MessageHandler(\"q{index}\")] public void Handle(Shop.No{index}x.Thing message) {{ }}\n"));
        var compilation = Compiler.Compile("Shop.Billing", $"internal sealed class Handlers {{ {handlers} }}").AddReferences(Emitted(contracts, isReference));

        var found = (await AnalyzeAsync(compilation)).Where(one => one.Severity == DiagnosticSeverity.Error)
            .Select(one => (one.Id, int.Parse(Regex.Match(one.GetMessage(), @"Shop\.No(\d+)x\.Thing").Groups[1].Value))).ToList();

        found.Where(one => rows[one.Item2].Id != one.Id).Select(one => $"{one.Id}: {rows[one.Item2].Declaration}").ShouldBeEmpty();
        found.Select(one => one.Item2).Distinct().Count().ShouldBeGreaterThan(rows.Count(row => row.Id is not null) * 3 / 4, "most can be seen");
    }

    [Theory]
    [InlineData("RMQ026", "class Thing { public int A { get; protected set; } }")]
    [InlineData("RMQ026", "class Thing { public List<int> A { get; } = []; }")]
    [InlineData("RMQ026", "class Thing { public int A; }")]
    [InlineData("RMQ027", "class Thing { public Thing(int a) { A = a; } public int? A { get; set; } }")]
    [InlineData("RMQ028", "record Thing((int, int) A);")]
    [InlineData("RMQ028", "record Thing(IReadOnlySet<int> A);")]
    [InlineData("RMQ029", "class Thing { public int A { get; set; } [JsonPropertyName(\"a\")] public int B { get; set; } }")]
    [InlineData("RMQ061", "class Thing { public int A { get; private set; } }")]
    [InlineData("RMQ061", "class Thing { public string A { get; } = \"x\"; }")]
    [InlineData("RMQ061", "class Thing { public Thing(int a) { A = a; B = a; } public int A { get; } public int B { get; private set; } }")]
    public async Task A_message_of_another_assembly_is_judged_by_what_can_be_seen_of_it(string id, string declaration)
    {
        var contracts = Compiler.Compile("Shop.Contracts", Usings, "namespace Shop;\n" + Marked(declaration));
        foreach (var isReference in new[] { false, true })
        {
            (await JudgeAsync(Compiler.Compile("Shop.Billing", Handler).AddReferences(Emitted(contracts, isReference)))).ShouldBe([id]);
        }
    }

    private static async Task<string[]> JudgeAsync(Compilation compilation) => [.. (await AnalyzeAsync(compilation)).Select(diagnostic => diagnostic.Id)];

    internal static async Task<ImmutableArray<Diagnostic>> AnalyzeAsync(Compilation compilation)
    {
        compilation.GetDiagnostics().Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error).ShouldBeEmpty();
        return await compilation.WithAnalyzers([new MessageShapeAnalyzer()]).GetAnalyzerDiagnosticsAsync();
    }

    private const string Handler = """
        namespace Shop;

        internal sealed class Handlers
        {
            [MessageHandler("billing")]
            public void Handle(Thing message) { }
        }
        """;

    internal const string Usings = """
        global using System.Collections;
        global using System.Collections.Concurrent;
        global using System.Collections.Frozen;
        global using System.Collections.Immutable;
        global using System.Collections.ObjectModel;
        global using System.Collections.Specialized;
        global using System.Globalization;
        global using System.IO;
        global using System.Linq;
        global using System.Net;
        global using System.Net.Mail;
        global using System.Numerics;
        global using System.Reflection;
        global using System.Security.Claims;
        global using System.Text;
        global using System.Text.Json;
        global using System.Text.Json.Nodes;
        global using System.Text.Json.Serialization;
        global using System.Text.RegularExpressions;
        global using System.Xml.Linq;
        [assembly: System.Runtime.CompilerServices.InternalsVisibleTo("Shop.Billing")]
        """;

    private static CSharpCompilation Compile(string declaration, string sample) => Compiler.Compile(
        "Shop.Contracts", Usings, "namespace Shop;\n" + Marked(declaration), Handler,
        $$"""
        namespace Shop;

        public static class Samples
        {
            public static object Make() { Thing thing = {{sample}}; return thing; }

            private static Thing Filled(Thing thing, Action<Thing> fill) { fill(thing); return thing; }

            private static async IAsyncEnumerable<int> Asynchronously() { await Task.Yield(); yield return 1; }
        }
        """);

    private static string Marked(string declaration) =>
        (declaration.Contains("{Message}", StringComparison.Ordinal) ? declaration : "{Message} " + declaration).Replace("{Message}", Message, StringComparison.Ordinal);

    private static MetadataReference Emitted(CSharpCompilation compilation, bool isReference)
    {
        using var stream = new MemoryStream();
        compilation.Emit(stream, options: isReference ? new EmitOptions(metadataOnly: true, includePrivateMembers: false) : null).Success.ShouldBeTrue();
        return MetadataReference.CreateFromImage(stream.ToArray());
    }

    /// <summary>What happens to the sample on its way; null where it arrives as it left.</summary>
    private static string? Fault(CSharpCompilation compilation)
    {
        using var stream = new MemoryStream();
        var emitted = compilation.Emit(stream);
        emitted.Success.ShouldBeTrue(string.Join('\n', emitted.Diagnostics));
        stream.Position = 0;
        var context = new AssemblyLoadContext("shape", isCollectible: true);
        var sent = context.LoadFromStream(stream).GetType("Shop.Samples")!.GetMethod("Make")!.Invoke(null, [])!;
        try
        {
            var serializer = new JsonMessageSerializer([]);
            var received = serializer.Deserialize(serializer.Serialize(sent), sent.GetType());
            return Difference(sent, received, sent.GetType().Name);
        }
        catch (Exception exception)
        {
            return exception.Message;
        }
        finally
        {
            context.Unload();
        }
    }

    /// <summary>Compares all that two objects hold, visible or not.</summary>
    private static string? Difference(object? sent, object? received, string path)
    {
        if (sent is null || received is null)
        {
            return ReferenceEquals(sent, received) ? null : path;
        }

        var type = sent.GetType();
        if (type.Assembly.GetName().Name == "Shop.Contracts" && sent is not IEnumerable)
        {
            return type != received.GetType() ? path : Fields(type)
                .Select(field => Difference(field.GetValue(sent), field.GetValue(received), path + "." + field.Name)).FirstOrDefault(difference => difference is not null);
        }

        switch (sent)
        {
            case JsonNode node:
                return node.ToJsonString() == (received as JsonNode)?.ToJsonString() ? null : path;
            case Memory<int> memory:
                return memory.Span.SequenceEqual(((Memory<int>)received).Span) ? null : path;
            case ReadOnlyMemory<byte> memory:
                return memory.Span.SequenceEqual(((ReadOnlyMemory<byte>)received).Span) ? null : path;
            case string or ValueType when type.Name != "KeyValuePair`2" && sent is not IEnumerable:
                return sent.Equals(received) ? null : path;
            case IEnumerable sequence when received is IEnumerable other:
                var (left, right) = (sequence.Cast<object>().ToList(), other.Cast<object>().ToList());
                return left.Count != right.Count ? path : left.Zip(right).Select(pair => Difference(pair.First, pair.Second, path + "[]")).FirstOrDefault(difference => difference is not null);
            default:
                return type.Name.StartsWith("KeyValuePair", StringComparison.Ordinal) || type.Name.StartsWith("Tuple", StringComparison.Ordinal)
                    ? Fields(type).Select(field => Difference(field.GetValue(sent), field.GetValue(received), path)).FirstOrDefault(difference => difference is not null)
                    : sent.Equals(received) ? null : path;
        }
    }

    private static IEnumerable<FieldInfo> Fields(Type? type) =>
        type is null || type == typeof(object) ? []
            : Fields(type.BaseType).Concat(type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly));
}
