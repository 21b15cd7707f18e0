using System.Globalization;

namespace Mirror.Streams.Store;

/// <summary>A folder for one process's files, removed when it ends, or by the next process if it was killed.</summary>
/// <remarks>A lock file in it, held open, tells whether its process lives.</remarks>
internal sealed class ScratchFolder : IDisposable
{
    private const string Prefix = "run-";
    private const string LockName = "lock";
    private readonly string _path;
    private readonly FileStream _lock;

    private ScratchFolder(string path, FileStream held)
    {
        _path = path;
        _lock = held;
    }

    /// <summary>Makes a new folder under <paramref name="parent"/>, and removes those that processes left behind.</summary>
    public static ScratchFolder Open(string parent)
    {
        Directory.CreateDirectory(parent);
        foreach (string left in Directory.EnumerateDirectories(parent, Prefix + "*")) { TryRemove(left); }
        string path = Path.Combine(Path.GetFullPath(parent), Prefix + Guid.NewGuid().ToString("N")[..12]);
        Directory.CreateDirectory(path);
        return new ScratchFolder(path, File.Open(Path.Combine(path, LockName), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None));
    }

    /// <summary>Where a segment goes: <c>{stream}.{rendition}.{msn}.m4s</c>, all in one folder: one for each stream would stay behind it, empty.</summary>
    public string FileOf(SegmentKey segment)
        => Path.Combine(_path, string.Create(CultureInfo.InvariantCulture, $"{segment.Rendition.StreamId}.{segment.Rendition.Rendition}.{segment.Msn}.m4s"));

    public void Dispose()
    {
        _lock.Dispose();
        TryRemove(_path);
    }

    private static void TryRemove(string folder)
    {
        try
        {
            // Opening it fails while its process lives.
            using (File.Open(Path.Combine(folder, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None)) { }
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException) { /* in use, or not ours */ }
    }
}
