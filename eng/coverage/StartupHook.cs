using System.Diagnostics.CodeAnalysis;
using System.IO.MemoryMappedFiles;
using System.Reflection;

/// <summary>
/// Writes which lines of instrumented assemblies were hit, again and again, because a process that is killed writes nothing at its end.
/// The runtime calls it in each process that has its assembly in <c>DOTNET_STARTUP_HOOKS</c>; the runtime prescribes the names.
/// </summary>
[SuppressMessage("Design", "MA0047:Declare types in namespaces", Justification = "The runtime looks for it outside of all namespaces.")]
internal static class StartupHook
{
    // What a killed process hit for the first time in this time before its end is missing.
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    // The namespace of the type that Coverlet adds to each assembly.
    private const string Trackers = "Coverlet.Core.Instrumentation.Tracker";

    private static readonly Lock s_gate = new();
    private static readonly HashSet<Assembly> s_seen = [];
    private static readonly List<HitFile> s_files = [];

    public static void Initialize()
    {
        AppDomain.CurrentDomain.ProcessExit += static (_, _) => Write();
        new Thread(Run) { IsBackground = true, Name = "coverage" }.Start();
    }

    private static void Run()
    {
        while (true)
        {
            Thread.Sleep(Period);
            Write();
        }
    }

    private static void Write()
    {
        lock (s_gate)
        {
            foreach (Assembly assembly in AppDomain.CurrentDomain.GetAssemblies())
            {
                if (assembly.GetName().Name is not { } name || !name.StartsWith("Mirror.", StringComparison.Ordinal) || !s_seen.Add(assembly)) { continue; }

                if (Array.Find(assembly.GetTypes(), type => type.Namespace == Trackers) is { } tracker) { s_files.Add(new HitFile(tracker)); }
            }
            foreach (HitFile file in s_files) { file.Write(); }
        }
    }

    /// <summary>
    /// The file of one assembly's hits, which all processes share: the number of entries and one for each, 32 bits each. An entry only ever
    /// becomes 1, so it does not matter who writes when. Coverlet would add counts under locks, and lose them where two processes meet.
    /// </summary>
    private sealed class HitFile
    {
        private readonly FieldInfo _hits;
        private readonly bool[] _written;
        private readonly MemoryMappedViewAccessor _file;

        public HitFile(Type tracker)
        {
            _hits = tracker.GetField("HitsArray")!;
            tracker.GetField("FlushHitFile")!.SetValue(null, false);
            int count = Hits.Length;
            _written = new bool[count];
            long length = sizeof(int) * (count + 1L);
            var stream = new FileStream((string)tracker.GetField("HitsFilePath")!.GetValue(null)!, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite);
            if (stream.Length < length) { stream.SetLength(length); }
            _file = MemoryMappedFile.CreateFromFile(stream, null, length, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: false).CreateViewAccessor();
            _file.Write(0, count);
        }

        private int[] Hits => (int[])_hits.GetValue(null)!;

        public void Write()
        {
            int[] hits = Hits;
            for (int i = 0; i < hits.Length; i++)
            {
                if (hits[i] == 0 || _written[i]) { continue; }

                _written[i] = true;
                _file.Write(sizeof(int) * (i + 1L), 1);
            }
        }
    }
}
