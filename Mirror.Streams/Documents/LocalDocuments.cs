using System.Security.Cryptography;
using Mirror.Streams.Store;

namespace Mirror.Streams.Documents;

/// <summary>Documents of a single process: a file each, replaced as a whole, so that a crash leaves the old one or the new.</summary>
/// <param name="directory">The folder, which is made when first written to.</param>
/// <param name="faults">Is told of writes that fail.</param>
public sealed class LocalDocuments(string directory, StorageFaults? faults = null) : IDocuments
{
    private const string Suffix = ".doc";
    private const string UnfinishedSuffix = ".new";
    private static readonly FileStreamOptions Replacing = new() { Mode = FileMode.Create, Access = FileAccess.Write, Share = FileShare.None };

    private readonly Lock _lock = new();

    static LocalDocuments()
    {
        if (!OperatingSystem.IsWindows()) { Replacing.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite; }     // a definition may hold a secret
    }

    /// <inheritdoc/>
    public bool IsShared => false;

    /// <inheritdoc/>
    public ValueTask<Document?> GetAsync(string name, CancellationToken cancellationToken)
    {
        DocumentName.ThrowIfInvalid(name);
        lock (_lock) { return ValueTask.FromResult(Read(name)); }
    }

    /// <inheritdoc/>
    public ValueTask<string?> PutAsync(string name, ReadOnlyMemory<byte> content, string? ifMatch, CancellationToken cancellationToken)
    {
        DocumentName.ThrowIfInvalid(name);
        if (content.Length > Document.MostBytes) { throw new ArgumentException($"A document has {Document.MostBytes} bytes at most.", nameof(content)); }
        lock (_lock)
        {
            if (ifMatch is not null && (Read(name)?.ETag ?? Document.None) != ifMatch) { return default; }
            try { Replace(FileOf(name), content.Span); }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                faults?.Failed(StorageFaults.Documents, error.Message);
                throw;
            }
            faults?.Succeeded(StorageFaults.Documents);
            return ValueTask.FromResult<string?>(TagOf(content.Span));
        }
    }

    private static void Replace(string file, ReadOnlySpan<byte> content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        string unfinished = file + UnfinishedSuffix;
        using (var stream = new FileStream(unfinished, Replacing))
        {
            stream.Write(content);
            stream.Flush(flushToDisk: true);
        }
        File.Move(unfinished, file, overwrite: true);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<Document>> ListAsync(string prefix, CancellationToken cancellationToken)
    {
        lock (_lock) { return ValueTask.FromResult<IReadOnlyList<Document>>([.. NamesFrom(prefix).Select(Read).OfType<Document>()]); }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> ListNamesAsync(string prefix, CancellationToken cancellationToken)
    {
        lock (_lock) { return ValueTask.FromResult<IReadOnlyList<string>>([.. NamesFrom(prefix)]); }
    }

    /// <inheritdoc/>
    public ValueTask<bool> DeleteAsync(string name, CancellationToken cancellationToken)
    {
        DocumentName.ThrowIfInvalid(name);
        lock (_lock)
        {
            string file = FileOf(name);
            if (!File.Exists(file)) { return ValueTask.FromResult(false); }
            File.Delete(file);
            return ValueTask.FromResult(true);
        }
    }

    /// <summary>Looks no further than the folder that all these names share.</summary>
    private IEnumerable<string> NamesFrom(string prefix)
    {
        string folder = Path.Combine(directory, prefix[..(prefix.LastIndexOf('/') + 1)]);
        if (!Directory.Exists(folder)) { return []; }
        return Directory.EnumerateFiles(folder, "*" + Suffix, SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(directory, file)[..^Suffix.Length].Replace(Path.DirectorySeparatorChar, '/'))
            .Where(name => name.StartsWith(prefix, StringComparison.Ordinal) && DocumentName.IsValid(name))
            .Order(StringComparer.Ordinal);
    }

    private Document? Read(string name)
    {
        string file = FileOf(name);
        if (!File.Exists(file)) { return null; }
        byte[] content = File.ReadAllBytes(file);
        return new Document(name, TagOf(content), content);
    }

    private static string TagOf(ReadOnlySpan<byte> content) => Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 16));

    private string FileOf(string name) => Path.Combine(directory, name + Suffix);
}
