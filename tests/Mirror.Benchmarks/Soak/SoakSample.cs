using System.Globalization;

namespace Mirror.Benchmarks.Soak;

/// <summary>What a server and its worker processes hold at one moment, as the kernel counts it.</summary>
/// <param name="Progress">Share of the phase that is done, 0 to 1.</param>
/// <param name="Position">Starts done, or hours passed: what a slope is by.</param>
/// <param name="ServerMiB">Resident memory of the server.</param>
/// <param name="AnonymousMiB">Of that, memory that is no file's: heaps, buffers and stacks.</param>
/// <param name="WorkersMiB">Resident memory of its worker processes, summed; what they share counts once in each.</param>
/// <param name="LargestWorkerMiB">The largest of them.</param>
/// <param name="Children">Processes that it started and that run.</param>
/// <param name="Zombies">Processes that it started and that ended, but whose status it has not taken for a while.</param>
/// <param name="Descriptors">Open file descriptors.</param>
/// <param name="Threads">Threads.</param>
/// <param name="StoreFiles">Files and folders in the folder of the segment store.</param>
/// <param name="OverdueFiles">Of these, files of segments that should be gone by age.</param>
internal sealed record SoakSample(double Progress, double Position, double ServerMiB, double AnonymousMiB, double WorkersMiB, double LargestWorkerMiB, int Children, int Zombies,
    int Descriptors, int Threads, int StoreFiles, int OverdueFiles)
{
    private const char Zombie = 'Z';
    private static readonly TimeSpan PatienceForStatus = TimeSpan.FromMilliseconds(500);

    /// <summary>Looks at a process.</summary>
    /// <param name="process">Its id.</param>
    /// <param name="store">The folder of its segment store.</param>
    /// <param name="longestStay">Age after which a file of it should be gone.</param>
    /// <param name="progress">See <see cref="Progress"/>.</param>
    /// <param name="position">See <see cref="Position"/>.</param>
    public static async Task<SoakSample> TakeAsync(int process, string store, TimeSpan longestStay, double progress = 0, double position = 0)
    {
        string[] status = File.ReadAllLines($"/proc/{process}/status");
        (int Id, char State)[] children = [.. ChildrenOf(process)];
        double[] running = [.. children.Where(child => child.State != Zombie).Select(child => ResidentMiBOf(child.Id))];
        int[] ended = [.. children.Where(child => child.State == Zombie).Select(child => child.Id)];
        if (ended.Length > 0) { await Task.Delay(PatienceForStatus); }
        int zombies = ended.Length == 0 ? 0 : ChildrenOf(process).Count(child => child.State == Zombie && ended.Contains(child.Id));
        DateTime oldest = DateTime.UtcNow - longestStay;
        // With folders: they may be left behind as well. The process's own and the lock in it are no segments, and never too old.
        DateTime[] files = [.. new DirectoryInfo(store).EnumerateFileSystemInfos("*", SearchOption.AllDirectories).Where(file => file.Name != "lock" && !file.Name.StartsWith("run-", StringComparison.Ordinal))
            .Select(file => file.LastWriteTimeUtc)];
        return new(progress, position, MiB(status, "VmRSS:"), MiB(status, "RssAnon:"), running.Sum(), running.DefaultIfEmpty().Max(), running.Length, zombies,
            Directory.EnumerateFileSystemEntries($"/proc/{process}/fd").Count(), (int)Number(status, "Threads:"), files.Length, files.Count(time => time < oldest));
    }

    private static IEnumerable<(int Id, char State)> ChildrenOf(int process)
    {
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out int id)) { continue; }
            string stat;
            try { stat = File.ReadAllText($"/proc/{id}/stat"); }
            catch (IOException) { continue; }                // it ended meanwhile
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');   // state, parent
            if (int.Parse(fields[1], CultureInfo.InvariantCulture) == process) { yield return (id, fields[0][0]); }
        }
    }

    private static double ResidentMiBOf(int process)
    {
        try { return MiB(File.ReadAllLines($"/proc/{process}/status"), "VmRSS:"); }
        catch (IOException) { return 0; }
    }

    private static double MiB(string[] status, string name) => Number(status, name) / 1024;

    private static double Number(string[] status, string name)
        => status.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is { } line
            ? double.Parse(line[name.Length..].Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[0], CultureInfo.InvariantCulture)
            : 0;                                             // a process that is ending has none
}
