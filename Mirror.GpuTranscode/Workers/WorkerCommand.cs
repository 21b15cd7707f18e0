using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Mirror.GpuTranscode.Workers;

/// <summary>The command that starts a worker process.</summary>
/// <param name="FileName">The program.</param>
/// <param name="Arguments">Its arguments before <see cref="TranscodeWorker.Verb"/>.</param>
internal sealed record WorkerCommand(string FileName, IReadOnlyList<string> Arguments)
{
    private const string AssemblyName = "Mirror.GpuTranscode";
    private static readonly Lazy<BlockingCollection<Action>> Starts = new(CreateStarter);

    /// <summary>
    /// Finds it: <c>dotnet exec Mirror.GpuTranscode.dll</c> beside this program; where the runtime is published along, that service's own program;
    /// where all is one file, this program itself.
    /// </summary>
    public static WorkerCommand Find()
    {
        string folder = AppContext.BaseDirectory;
        string assembly = Path.Combine(folder, AssemblyName + ".dll");
        bool isSingleFile = string.IsNullOrEmpty(LocationOfThisAssembly());
        if (isSingleFile || !File.Exists(assembly)) { return new(Environment.ProcessPath ?? AssemblyName, []); }
        string program = Path.Combine(folder, AssemblyName);
        return FindDotnet() is { } dotnet && File.Exists(Path.ChangeExtension(assembly, ".runtimeconfig.json"))
            ? new(dotnet, ["exec", assembly])
            : new(program, []);
    }

    /// <summary>Starts a worker process that will connect to an abstract socket.</summary>
    /// <exception cref="WorkerStartException">There is no such program, or it may not be run.</exception>
    public async Task<Process> StartAsync(string socketName)
    {
        var start = new ProcessStartInfo(FileName)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardError = true,
        };
        foreach (string argument in Arguments) { start.ArgumentList.Add(argument); }
        start.ArgumentList.Add(TranscodeWorker.Verb);
        start.ArgumentList.Add(socketName);
        start.ArgumentList.Add(Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        SetEnvironment(start.Environment);
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        Starts.Value.Add(() =>
        {
            try { started.SetResult(Process.Start(start)!); }
            catch (Exception error) { started.SetException(error); }
        });
        try { return await started.Task; }
        catch (Exception error) when (error is System.ComponentModel.Win32Exception or IOException)
        {
            throw new WorkerStartException($"{FileName} cannot be started: {error.Message}", error);
        }
    }

    private static void SetEnvironment(IDictionary<string, string?> environment)
    {
        // Settings are for the node, and may hold secrets.
        foreach (string name in environment.Keys.Where(static name => name.StartsWith("MIRROR_", StringComparison.Ordinal)).ToArray()) { environment.Remove(name); }
        environment["DOTNET_EnableDiagnostics"] = "0";       // its sockets in /tmp would stay behind a killed process
        environment["DOTNET_gcServer"] = "0";                // the managed heap is small: media lies in native memory
        environment["DOTNET_gcConcurrent"] = "0";
        environment["DOTNET_GCgen0size"] = "40000";          // 256 KiB, in hexadecimal: some kB/s would otherwise pile up for hours, up to the size of the processor's cache, and look like a leak
        environment["SVT_LOG"] = "1";                        // errors only: SVT-AV1 else tells its settings at each start
        environment["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID";     // as the driver counts GPUs where it tells of their memory
        environment["DOTNET_TieredPGO"] = "0";               // instrumented code would cost more than it brings
    }

    /// <summary>
    /// All workers are started by one thread that never ends: the kernel kills a worker when the thread that started it is gone, and threads
    /// of the pool come and go.
    /// </summary>
    private static BlockingCollection<Action> CreateStarter()
    {
        var starts = new BlockingCollection<Action>();
        var thread = new Thread(() =>
        {
            foreach (Action start in starts.GetConsumingEnumerable()) { start(); }
        })
        {
            IsBackground = true,
            Name = "worker starter",
        };
        thread.Start();
        return starts;
    }

    private static string? FindDotnet()
    {
        if (Path.GetFileName(Environment.ProcessPath) == "dotnet") { return Environment.ProcessPath; }
        // …/dotnet/shared/Microsoft.NETCore.App/10.0.0/
        string dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../../dotnet"));
        return File.Exists(dotnet) ? dotnet : null;
    }

    [System.Diagnostics.CodeAnalysis.UnconditionalSuppressMessage("SingleFile", "IL3000", Justification = "Empty in a single file, which is what is asked.")]
    private static string LocationOfThisAssembly() => Assembly.GetExecutingAssembly().Location;
}

/// <summary>A worker process did not come up.</summary>
internal sealed class WorkerStartException : Exception
{
    public WorkerStartException(string message) : base(message)
    {
    }

    public WorkerStartException(string message, Exception inner) : base(message, inner)
    {
    }

    public WorkerStartException()
    {
    }
}
