-- An import takes back the events that a file gave before; 5 and 6 are reserved for sharing by an operator.
ALTER TABLE ledger MODIFY COLUMN what
    Enum8('split' = 1, 'unsplit' = 2, 'erase' = 3, 'readmit' = 4, 'share' = 5, 'unshare' = 6, 'withdraw' = 7);
